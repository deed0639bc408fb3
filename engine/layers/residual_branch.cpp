#include "engine/layers/residual_branch.h"

#include "engine/random.h"
#include "kernels/residual/residual.h"

namespace poster {

template <typename T>
ResidualBranch<T>::ResidualBranch(ParameterTable& table, index_t channels, Options options)
    : channels_(channels), options_(std::move(options)) {
  if (!options_.gamma.empty())
    gamma_ =
        table.add({.name = options_.gamma, .shape = {channels}, .initialiser = Initialiser::constant(1e-5)});
}

// Empty when every sample keeps the branch.
template <typename T>
Tensor<acc_t<T>> ResidualBranch<T>::keep_factors(Context<T>& c, index_t batch) const {
  if (!c.pass.training || options_.drop_rate == 0) return {};
  if (c.hooks.drop_path_factors) {
    const std::vector<acc_t<T>> given =
        c.hooks.drop_path_factors(options_.drop_path, options_.call, options_.drop_rate);
    if (given.empty()) return {};
    Tensor<acc_t<T>> keep = c.sums({batch});
    if (!c.planning())
      c.resources.device.copy_from_host(keep.data(), given.data(), given.size() * sizeof(acc_t<T>));
    return keep;
  }
  Tensor<acc_t<T>> keep = c.sums({batch});
  c.run([&](auto& queue) {
    kernels::run(queue, kernels::DropPathMask<acc_t<T>>{.keep = keep.data(),
                                                        .batch = batch,
                                                        .rate = options_.drop_rate,
                                                        .seed = c.pass.seed,
                                                        .layer = hash_name(options_.drop_path) +
                                                                 static_cast<std::uint64_t>(options_.call),
                                                        .call = &c.resources.state->forward_pass});
  });
  return keep;
}

template <typename T>
void ResidualBranch<T>::keep(Context<T>& c, Tensor<T> f, Tensor<acc_t<T>> factors) {
  if (!c.pass.training) return;
  if (gamma_) f_ = std::move(f);
  keep_ = std::move(factors);
}

template <typename T>
SumAndNorm<T> ResidualBranch<T>::forward(Context<T>& c, Tensor<T> x, Tensor<T> f, LayerNorm<T>& norm) {
  Tensor<acc_t<T>> factors = keep_factors(c, x.shape()[0]);
  Tensor<T> sum = !(c.pass.training && gamma_) && f.unique() ? f : c.tensor(x.shape());
  Tensor<T> normed = norm.forward_of_sum(c, x, f, sum, c.value(gamma_), factors.data());
  keep(c, std::move(f), std::move(factors));
  return {std::move(sum), std::move(normed)};
}

template <typename T>
Tensor<T> ResidualBranch<T>::forward(Context<T>& c, Tensor<T> x, Tensor<T> f) {
  const index_t batch = x.shape()[0];
  Tensor<acc_t<T>> factors = keep_factors(c, batch);
  Tensor<T> y = !(c.pass.training && gamma_) && f.unique() ? f : c.tensor(x.shape());
  c.run([&](auto& queue) {
    kernels::run(queue, kernels::ResidualForward<T>{.y = y.data(),
                                                    .x = x.data(),
                                                    .f = f.data(),
                                                    .gamma = c.value(gamma_),
                                                    .keep = factors.data(),
                                                    .batch = batch,
                                                    .rows = x.rows() / batch,
                                                    .channels = channels_});
  });
  keep(c, std::move(f), std::move(factors));
  return y;
}

template <typename T>
Tensor<T> ResidualBranch<T>::backward(Context<T>& c, const Tensor<T>& dy) {
  if (!gamma_ && !keep_) return dy;
  const index_t batch = dy.shape()[0];
  Tensor<T> df = c.tensor(dy.shape());
  c.run([&](auto& queue) {
    kernels::run(queue, kernels::ResidualBackward<T>{.df = df.data(),
                                                     .dgamma = c.gradient(gamma_),
                                                     .dy = dy.data(),
                                                     .f = f_.data(),
                                                     .gamma = c.value(gamma_),
                                                     .keep = keep_.data(),
                                                     .batch = batch,
                                                     .rows = dy.rows() / batch,
                                                     .channels = channels_});
  });
  f_ = {};
  keep_ = {};
  return df;
}

template class ResidualBranch<float>;
template class ResidualBranch<double>;
template class ResidualBranch<Half>;

}  // namespace poster
