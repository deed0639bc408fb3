#include "engine/layers/se_block.h"

#include "kernels/prelu/prelu.h"
#include "kernels/residual/residual.h"
#include "kernels/sigmoid_gate/sigmoid_gate.h"

namespace poster {

template <typename T>
SeBlock<T>::SeBlock(ParameterTable& table, const std::string& name, index_t width, double sigma)
    : linear1_(table, name + ".linear1", width, width, {.sigma = sigma}),
      linear2_(table, name + ".linear2", width, width, {.sigma = sigma}) {}

template <typename T>
Tensor<T> SeBlock<T>::forward(Context<T>& c, Tensor<T> x) {
  Tensor<T> hidden = linear1_.forward(c, x);
  Tensor<T> activated = c.reuse(hidden);
  c.run(kernels::PReluForward<T>{.y = activated.data(),
                                 .x = hidden.data(),
                                 .slope = nullptr,
                                 .rows = hidden.rows(),
                                 .channels = hidden.back()});
  if (c.pass.training) hidden_ = std::move(hidden);
  Tensor<T> z = linear2_.forward(c, std::move(activated));
  Tensor<T> y = c.tensor(x.shape());
  c.run(kernels::SigmoidGateForward<T>{.y = y.data(), .x = x.data(), .z = z.data(), .count = x.count()});
  if (c.pass.training) {
    x_ = std::move(x);
    z_ = std::move(z);
  }
  return y;
}

template <typename T>
Tensor<T> SeBlock<T>::backward(Context<T>& c, const Tensor<T>& dy) {
  Tensor<T> dx = c.tensor(x_.shape()), dz = c.tensor(x_.shape());
  c.run(kernels::SigmoidGateBackward<T>{.dx = dx.data(),
                                        .dz = dz.data(),
                                        .dy = dy.data(),
                                        .x = x_.data(),
                                        .z = z_.data(),
                                        .count = dy.count()});
  Tensor<T> d = linear2_.backward(c, dz);
  c.run(kernels::PReluBackward<T>{.dx = d.data(),
                                  .dy = d.data(),
                                  .x = hidden_.data(),
                                  .slope = nullptr,
                                  .rows = d.rows(),
                                  .channels = d.back()});
  Tensor<T> through_gate = linear1_.backward(c, d);
  c.run([&](auto& queue) {
    kernels::run(queue, kernels::Add<T>{
                            .out = dx.data(), .a = dx.data(), .b = through_gate.data(), .count = dx.count()});
  });
  x_ = hidden_ = z_ = {};
  return dx;
}

template class SeBlock<float>;
template class SeBlock<double>;
template class SeBlock<Half>;

}  // namespace poster
