// A network with everything it takes to run it: device, parameters, arena, optimizer. One object trains,
// evaluates or is compared with the reference.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/context.h"
#include "engine/optimizer.h"
#include "model/network.h"

namespace poster {

// Loss: weight mean cross-entropy with label smoothing; see kernels/cross_entropy.h.
struct LossOptions {
  double smoothing = 0, weight = 1;
};

// Pictures and labels of one batch, on the host.
template <typename T>
struct HostBatch {
  const T* images;  // [count, height, width, 3], normalised
  const std::int32_t* labels;
  index_t count, height, width;
};

// What one forward pass gave, on the host.
template <typename T>
struct PassResult {
  double loss = 0;        // mean over the batch
  std::vector<T> logits;  // [count, outputs]
};

template <typename T>
class Trainer {
 public:
  Trainer(Device& device, const std::string& model, index_t outputs);

  Device& device() { return device_; }
  Parameters<T>& parameters() { return *parameters_; }
  Optimizer<T>* optimizer() { return optimizer_ ? &*optimizer_ : nullptr; }
  index_t outputs() const { return outputs_; }

  // Allocates gradients and moments. Call after the parameters have been set.
  void prepare_training(const OptimizerOptions& options, const LossOptions& loss, std::uint64_t seed);

  // Logits in eval mode.
  PassResult<T> evaluate(const HostBatch<T>& batch);
  // One step: with rho > 0 a SAM step of two passes, else one pass. Both passes' results in order. When a
  // loss is not finite the optimizer does not move; the running statistics have seen the batch all the same.
  std::vector<PassResult<T>> step(const HostBatch<T>& batch, double lr);
  // One forward and backward pass in train mode, without a step: gradients stay in parameters().
  PassResult<T> forward_backward(const HostBatch<T>& batch);

  // Bytes of activations that the last plan needed.
  std::size_t arena_bytes() const { return arena_.peak_bytes(); }
  Context<T>& context() { return context_; }
  std::uint64_t forward_passes() const { return context_.forward_pass; }
  void set_forward_passes(std::uint64_t n) { context_.forward_pass = n; }

 private:
  enum class Use { none, evaluation, training };
  void plan(Use use, const HostBatch<T>& batch);
  Tensor<T> upload(const HostBatch<T>& batch);
  Tensor<T> run_pass(const HostBatch<T>& batch, const Tensor<T>& images, FrozenFeatures frozen,
                     PassResult<T>& result, bool want_gradient);
  void train_pass(const HostBatch<T>& batch, const Tensor<T>& images, FrozenFeatures frozen,
                  PassResult<T>& result);

  Device& device_;
  index_t outputs_;
  LossOptions loss_;
  std::unique_ptr<Parameters<T>> parameters_;  // laid out from the table that building the network fills
  std::unique_ptr<Network<T>> network_;
  std::optional<Optimizer<T>> optimizer_;
  Arena arena_;
  Context<T> context_;
  // What the arena is planned for.
  Use planned_use_ = Use::none;
  index_t planned_count_ = 0, planned_height_ = 0, planned_width_ = 0;
  DeviceBuffer labels_;
};

}  // namespace poster
