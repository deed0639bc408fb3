#include "engine/layers/mlp.h"

#include "kernels/gelu/gelu.h"

namespace poster {

template <typename T>
Mlp<T>::Mlp(ParameterTable& table, const std::string& name, index_t width, index_t hidden, double sigma)
    : fc1_(table, name + ".fc1", width, hidden, {.sigma = sigma}),
      fc2_(table, name + ".fc2", hidden, width, {.sigma = sigma}) {}

template <typename T>
Tensor<T> Mlp<T>::forward(Context<T>& c, Tensor<T> x) {
  Tensor<T> hidden = fc1_.forward(c, std::move(x), Linear<T>::Bias::leave);
  Tensor<T> activated = c.reuse(hidden);
  c.run(kernels::GeluForward<T>{.y = activated.data(),
                                .x = hidden.data(),
                                .bias = fc1_.bias(c),
                                .count = hidden.count(),
                                .columns = hidden.back()});
  if (c.pass.training) hidden_ = std::move(hidden);
  return fc2_.forward(c, std::move(activated));
}

template <typename T>
Tensor<T> Mlp<T>::backward(Context<T>& c, const Tensor<T>& dy) {
  Tensor<T> d = fc2_.backward(c, dy);
  c.run(kernels::GeluBackward<T>{.dx = d.data(),
                                 .dy = d.data(),
                                 .x = hidden_.data(),
                                 .bias = fc1_.bias(c),
                                 .count = d.count(),
                                 .columns = d.back()});
  hidden_ = {};
  return fc1_.backward(c, d);
}

template class Mlp<float>;
template class Mlp<double>;
template class Mlp<Half>;

}  // namespace poster
