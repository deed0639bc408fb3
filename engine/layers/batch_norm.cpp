#include "engine/layers/batch_norm.h"

#include "kernels/batch_norm/batch_norm.h"

namespace poster {

template <typename T>
BatchNorm<T>::BatchNorm(ParameterTable& table, const std::string& name, index_t channels, Role role,
                        const std::string& prelu)
    : channels_(channels), role_(role) {
  const auto vector = [&](const std::string& full_name, Role r, double value) {
    return table.add(
        {.name = full_name, .shape = {channels}, .role = r, .initialiser = Initialiser::constant(value)});
  };
  weight_ = vector(name + ".weight", role, 1);
  bias_ = vector(name + ".bias", role, 0);
  running_mean_ = vector(name + ".running_mean", Role::statistic, 0);
  running_var_ = vector(name + ".running_var", Role::statistic, 1);
  batches_ = table.add(
      {.name = name + ".num_batches_tracked", .shape = {}, .role = Role::counter, .initialiser = {}});
  if (!prelu.empty()) slope_ = vector(prelu + ".weight", role, 0.25);
}

template <typename T>
Tensor<T> BatchNorm<T>::forward(Context<T>& c, Tensor<T> x, const Moments& of_x) {
  if (!of_x) return forward(c, std::move(x));
  return forward_train(c, std::move(x), {}, &of_x, nullptr);
}

template <typename T>
Tensor<T> BatchNorm<T>::forward(Context<T>& c, Tensor<T> x, const Tensor<T>& residual, Moments* of_y) {
  if (c.pass.training) return forward_train(c, std::move(x), residual, nullptr, of_y);
  Tensor<T> y = c.reuse(x);
  c.run(kernels::BatchNormForwardEval<T>{.y = y.data(),
                                         .x = x.data(),
                                         .running_mean = c.value(running_mean_),
                                         .running_var = c.value(running_var_),
                                         .gamma = c.value(weight_),
                                         .beta = c.value(bias_),
                                         .slope = c.value(slope_),
                                         .residual = residual.data(),
                                         .rows = x.rows(),
                                         .channels = channels_});
  return y;
}

template <typename T>
Tensor<T> BatchNorm<T>::forward_train(Context<T>& c, Tensor<T> x, const Tensor<T>& residual,
                                      const Moments* of_x, Moments* of_y) {
  const bool keep = role_ == Role::trained;
  // Nothing reads the input of a frozen norm again: it may be normalised in place.
  Tensor<T> y = !keep && x.unique() ? x : c.tensor(x.shape());
  mean_ = c.sums({channels_});
  rstd_ = c.sums({channels_});
  if (of_y)
    for (Tensor<double>* moment : {&of_y->mean, &of_y->squares})
      *moment = Tensor<double>(c.resources.arena, {channels_});
  if (of_x) {
    c.run(kernels::BatchNormForwardMoments<T>{.y = y.data(),
                                              .mean = mean_.data(),
                                              .rstd = rstd_.data(),
                                              .running_mean = c.value(running_mean_),
                                              .running_var = c.value(running_var_),
                                              .x = x.data(),
                                              .x_mean = of_x->mean.data(),
                                              .x_squares = of_x->squares.data(),
                                              .gamma = c.value(weight_),
                                              .beta = c.value(bias_),
                                              .rows = x.rows(),
                                              .channels = channels_,
                                              .updates = c.pass.statistics_updates});
  } else {
    c.run(kernels::BatchNormForwardTrain<T>{.y = y.data(),
                                            .mean = mean_.data(),
                                            .rstd = rstd_.data(),
                                            .running_mean = c.value(running_mean_),
                                            .running_var = c.value(running_var_),
                                            .x = x.data(),
                                            .gamma = c.value(weight_),
                                            .beta = c.value(bias_),
                                            .slope = c.value(slope_),
                                            .residual = residual.data(),
                                            .y_mean = of_y ? of_y->mean.data() : nullptr,
                                            .y_squares = of_y ? of_y->squares.data() : nullptr,
                                            .rows = x.rows(),
                                            .channels = channels_,
                                            .updates = c.pass.statistics_updates});
  }
  if (!c.planning()) c.resources.parameters.counter(batches_) += c.pass.statistics_updates;
  if (keep) {
    x_ = std::move(x);
  } else {
    mean_ = rstd_ = {};
  }
  return y;
}

template <typename T>
Tensor<T> BatchNorm<T>::backward(Context<T>& c, const Tensor<T>& dy, Tensor<T> dx_add) {
  Tensor<T> dx = dx_add && dx_add.unique() ? dx_add : c.tensor(x_.shape());
  c.run(kernels::BatchNormBackward<T>{.dx = dx.data(),
                                      .dx_add = dx_add.data(),
                                      .dgamma = c.gradient(weight_),
                                      .dbeta = c.gradient(bias_),
                                      .dslope = c.gradient(slope_),
                                      .dy = dy.data(),
                                      .x = x_.data(),
                                      .mean = mean_.data(),
                                      .rstd = rstd_.data(),
                                      .gamma = c.value(weight_),
                                      .beta = c.value(bias_),
                                      .slope = c.value(slope_),
                                      .rows = x_.rows(),
                                      .channels = channels_});
  x_ = {};
  mean_ = rstd_ = {};
  return dx;
}

template class BatchNorm<float>;
template class BatchNorm<double>;
template class BatchNorm<Half>;

}  // namespace poster
