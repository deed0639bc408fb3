#include "model/trainer.h"

#include <cmath>
#include <numeric>

#include "kernels/cross_entropy.h"

namespace poster {

template <typename T>
Trainer<T>::Trainer(Device& device, const std::string& model, index_t outputs)
    : device_(device),
      outputs_(outputs),
      network_([&] {
        ParameterTable table;
        auto network = make_network<T>(model, outputs, table);
        parameters_ = std::make_unique<Parameters<T>>(device, table);
        return network;
      }()),
      context_{.device = device_,
               .arena = arena_,
               .parameters = *parameters_,
               .probe = {},
               .drop_path_factors = {}} {}

template <typename T>
void Trainer<T>::prepare_training(const OptimizerOptions& options, const LossOptions& loss,
                                  std::uint64_t seed) {
  parameters_->prepare_training();
  optimizer_.emplace(device_, *parameters_, options);
  loss_ = loss;
  context_.seed = seed;
}

template <typename T>
Tensor<T> Trainer<T>::upload(const HostBatch<T>& batch) {
  Tensor<T> images = context_.tensor({batch.count, batch.height, batch.width, 3});
  if (!arena_.planning()) {
    device_.copy_from_host(images.data(), batch.images, static_cast<std::size_t>(images.count()) * sizeof(T));
    if (batch.labels)
      device_.copy_from_host(labels_.data(), batch.labels,
                             static_cast<std::size_t>(batch.count) * sizeof(std::int32_t));
  }
  return images;
}

// Runs the whole use once without computing, so that the arena knows what it needs.
template <typename T>
void Trainer<T>::plan(Use use, const HostBatch<T>& batch) {
  if (use == planned_use_ && batch.count == planned_count_ && batch.height == planned_height_ &&
      batch.width == planned_width_)
    return;
  arena_.start_planning();
  PassResult<T> ignored;
  Tensor<T> images = upload(batch);
  context_.training = use == Use::training;
  if (use == Use::evaluation) {
    run_pass(batch, images, FrozenFeatures::compute, ignored, false);
  } else {
    train_pass(batch, images, FrozenFeatures::compute_and_keep, ignored);
    train_pass(batch, images, FrozenFeatures::reuse, ignored);
  }
  images = {};
  arena_.commit(device_);
  if (labels_.size() < batch.count * sizeof(std::int32_t))
    labels_ = device_.allocate(static_cast<std::size_t>(batch.count) * sizeof(std::int32_t));
  planned_use_ = use;
  planned_count_ = batch.count;
  planned_height_ = batch.height;
  planned_width_ = batch.width;
}

// Forward and loss. Returns the gradient of the logits when it is wanted.
template <typename T>
Tensor<T> Trainer<T>::run_pass(const HostBatch<T>& batch, const Tensor<T>& images, FrozenFeatures frozen,
                               PassResult<T>& result, bool want_gradient) {
  Tensor<T> logits = network_->forward(context_, images, frozen);
  Tensor<T> losses = context_.tensor({batch.count});
  Tensor<T> dlogits = want_gradient ? context_.tensor(logits.shape()) : Tensor<T>();
  if (batch.labels)
    context_.run([&](auto& queue) {
      kernels::cross_entropy(
          queue, kernels::CrossEntropy<T>{.losses = losses.data(),
                                          .dx = dlogits.data(),
                                          .x = logits.data(),
                                          .labels = reinterpret_cast<const std::int32_t*>(labels_.data()),
                                          .batch = batch.count,
                                          .classes = outputs_,
                                          .smoothing = loss_.smoothing,
                                          .weight = loss_.weight});
    });
  if (arena_.planning()) return dlogits;
  result.logits.resize(logits.count());
  device_.copy_to_host(result.logits.data(), logits.data(), result.logits.size() * sizeof(T));
  if (batch.labels) {
    std::vector<T> host(batch.count);
    device_.copy_to_host(host.data(), losses.data(), host.size() * sizeof(T));
    result.loss = std::accumulate(host.begin(), host.end(), 0.0) / static_cast<double>(batch.count);
  }
  return dlogits;
}

template <typename T>
void Trainer<T>::train_pass(const HostBatch<T>& batch, const Tensor<T>& images, FrozenFeatures frozen,
                            PassResult<T>& result) {
  Tensor<T> dlogits = run_pass(batch, images, frozen, result, true);
  if (!arena_.planning()) ++context_.forward_pass;
  network_->backward(context_, dlogits);
}

template <typename T>
PassResult<T> Trainer<T>::evaluate(const HostBatch<T>& batch) {
  plan(Use::evaluation, batch);
  context_.training = false;
  PassResult<T> result;
  run_pass(batch, upload(batch), FrozenFeatures::compute, result, false);
  return result;
}

template <typename T>
PassResult<T> Trainer<T>::forward_backward(const HostBatch<T>& batch) {
  plan(Use::training, batch);
  context_.training = true;
  PassResult<T> result;
  train_pass(batch, upload(batch), FrozenFeatures::compute, result);
  return result;
}

template <typename T>
std::vector<PassResult<T>> Trainer<T>::step(const HostBatch<T>& batch, double lr) {
  plan(Use::training, batch);
  context_.training = true;
  const bool sam = optimizer_->options().rho > 0;
  std::vector<PassResult<T>> results(sam ? 2 : 1);
  const Tensor<T> images = upload(batch);
  train_pass(batch, images, sam ? FrozenFeatures::compute_and_keep : FrozenFeatures::compute, results[0]);
  if (sam && std::isfinite(results[0].loss)) {
    optimizer_->climb();
    train_pass(batch, images, FrozenFeatures::reuse, results[1]);
  }
  // A loss that is no number must not reach the weights.
  if (std::isfinite(results.front().loss) && std::isfinite(results.back().loss)) optimizer_->update(lr);
  return results;
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace poster
