#include "engine/layers/layer_norm.h"

#include "kernels/layer_norm/layer_norm.h"

namespace poster {

template <typename T>
LayerNorm<T>::LayerNorm(ParameterTable& table, const std::string& name, index_t columns, double eps)
    : columns_(columns), eps_(eps) {
  weight_ =
      table.add({.name = name + ".weight", .shape = {columns}, .initialiser = Initialiser::constant(1)});
  bias_ = table.add({.name = name + ".bias", .shape = {columns}, .initialiser = Initialiser::constant(0)});
}

template <typename T>
void LayerNorm<T>::keep_statistics(Context<T>& c, index_t rows) {
  if (!c.pass.training) return;
  mean_ = c.sums({rows});
  rstd_ = c.sums({rows});
}

template <typename T>
Tensor<T> LayerNorm<T>::forward_of_sum(Context<T>& c, const Tensor<T>& x, const Tensor<T>& f,
                                       const Tensor<T>& sum, const acc_t<T>* scale, const acc_t<T>* keep) {
  Tensor<T> y = c.tensor(x.shape());
  keep_statistics(c, x.rows());
  const index_t batch = x.shape()[0];
  c.run(kernels::LayerNormForwardOfSum<T>{.y = y.data(),
                                          .sum = sum.data(),
                                          .mean = mean_.data(),
                                          .rstd = rstd_.data(),
                                          .x = x.data(),
                                          .f = f.data(),
                                          .scale = scale,
                                          .keep = keep,
                                          .gamma = c.value(weight_),
                                          .beta = c.value(bias_),
                                          .batch = batch,
                                          .rows = batch ? x.rows() / batch : 0,
                                          .columns = columns_,
                                          .eps = eps_});
  if (c.pass.training) x_ = sum;
  return y;
}

template <typename T>
Tensor<T> LayerNorm<T>::forward(Context<T>& c, Tensor<T> x) {
  Tensor<T> y = c.tensor(x.shape());
  keep_statistics(c, x.rows());
  c.run(kernels::LayerNormForward<T>{.y = y.data(),
                                     .mean = mean_.data(),
                                     .rstd = rstd_.data(),
                                     .x = x.data(),
                                     .gamma = c.value(weight_),
                                     .beta = c.value(bias_),
                                     .rows = x.rows(),
                                     .columns = columns_,
                                     .eps = eps_});
  if (c.pass.training) x_ = std::move(x);
  return y;
}

template <typename T>
Tensor<T> LayerNorm<T>::backward(Context<T>& c, const Tensor<T>& dy, const Tensor<T>& residual,
                                 const Tensor<T>& into) {
  Tensor<T> dx = into ? into : c.tensor(x_.shape());
  c.run(kernels::LayerNormBackward<T>{.dx = dx.data(),
                                      .dx_add = residual.data(),
                                      .dgamma = c.gradient(weight_),
                                      .dbeta = c.gradient(bias_),
                                      .dy = dy.data(),
                                      .x = x_.data(),
                                      .mean = mean_.data(),
                                      .rstd = rstd_.data(),
                                      .gamma = c.value(weight_),
                                      .rows = x_.rows(),
                                      .columns = columns_});
  x_ = {};
  mean_ = rstd_ = {};
  return dx;
}

template class LayerNorm<float>;
template class LayerNorm<double>;
template class LayerNorm<Half>;

}  // namespace poster
