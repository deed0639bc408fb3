#include "engine/layers/prelu.h"

#include "kernels/prelu/prelu.h"

namespace poster {

template <typename T>
PRelu<T>::PRelu(ParameterTable& table, const std::string& name, index_t channels, Role role)
    : channels_(channels),
      slope_(table.add({.name = name + ".weight",
                        .shape = {channels},
                        .role = role,
                        .initialiser = Initialiser::constant(0.25)})),
      role_(role) {}

template <typename T>
Tensor<T> PRelu<T>::forward(Context<T>& c, Tensor<T> x) {
  Tensor<T> y = c.reuse(x);
  c.run(kernels::PReluForward<T>{
      .y = y.data(), .x = x.data(), .slope = c.value(slope_), .rows = x.rows(), .channels = channels_});
  if (c.pass.training && role_ == Role::trained) x_ = std::move(x);
  return y;
}

template <typename T>
Tensor<T> PRelu<T>::backward(Context<T>& c, Tensor<T> dy) {
  Tensor<T> dx = dy.unique() ? dy : c.tensor(dy.shape());
  c.run(kernels::PReluBackward<T>{.dx = dx.data(),
                                  .dslope = c.gradient(slope_),
                                  .dy = dy.data(),
                                  .x = x_.data(),
                                  .slope = c.value(slope_),
                                  .rows = x_.rows(),
                                  .channels = channels_});
  x_ = {};
  return dx;
}

template class PRelu<float>;
template class PRelu<double>;
template class PRelu<Half>;

}  // namespace poster
