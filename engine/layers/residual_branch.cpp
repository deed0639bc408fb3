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
  if (!c.training || options_.drop_rate == 0) return {};
  if (c.drop_path_factors) {
    const std::vector<acc_t<T>> given =
        c.drop_path_factors(options_.drop_path, options_.call, options_.drop_rate);
    if (given.empty()) return {};
    Tensor<acc_t<T>> keep = c.sums({batch});
    if (!c.arena.planning())
      c.device.copy_from_host(keep.data(), given.data(), given.size() * sizeof(acc_t<T>));
    return keep;
  }
  Tensor<acc_t<T>> keep = c.sums({batch});
  c.run([&](auto& queue) {
    kernels::run(queue, kernels::DropPathMask<acc_t<T>>{.keep = keep.data(),
                                                        .batch = batch,
                                                        .rate = options_.drop_rate,
                                                        .seed = c.seed,
                                                        .layer = hash_name(options_.drop_path) +
                                                                 static_cast<std::uint64_t>(options_.call),
                                                        .call = &c.state->forward_pass});
  });
  return keep;
}

template <typename T>
Tensor<T> ResidualBranch<T>::forward(Context<T>& c, Tensor<T> x, Tensor<T> f) {
  const index_t batch = x.shape()[0];
  const bool keep_f = c.training && gamma_ >= 0;
  Tensor<acc_t<T>> keep = keep_factors(c, batch);
  Tensor<T> y = !keep_f && f.unique() ? f : c.tensor(x.shape());
  c.run([&](auto& queue) {
    kernels::run(queue, kernels::ResidualForward<T>{.y = y.data(),
                                                    .x = x.data(),
                                                    .f = f.data(),
                                                    .gamma = gamma_ >= 0 ? c.value(gamma_) : nullptr,
                                                    .keep = keep.data(),
                                                    .batch = batch,
                                                    .rows = x.rows() / batch,
                                                    .channels = channels_});
  });
  if (keep_f) f_ = std::move(f);
  if (c.training) keep_ = std::move(keep);
  return y;
}

template <typename T>
Tensor<T> ResidualBranch<T>::backward(Context<T>& c, const Tensor<T>& dy) {
  if (gamma_ < 0 && !keep_) return dy;
  const index_t batch = dy.shape()[0];
  Tensor<T> df = c.tensor(dy.shape());
  c.run([&](auto& queue) {
    kernels::run(queue, kernels::ResidualBackward<T>{.df = df.data(),
                                                     .dgamma = gamma_ >= 0 ? c.gradient(gamma_) : nullptr,
                                                     .dy = dy.data(),
                                                     .f = f_.data(),
                                                     .gamma = gamma_ >= 0 ? c.value(gamma_) : nullptr,
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
