// What programs see of a trainer, whatever the precision: batches in, losses and logits out. P, the type of
// parameters, losses and logits on the host, is float but where the networks are checked in double.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "engine/image_store.h"
#include "engine/optimizer.h"
#include "engine/parameters.h"
#include "model/freeze.h"

namespace poster {

// Loss: weight mean cross-entropy with label smoothing; see kernels/cross_entropy/cross_entropy.h.
struct LossOptions {
  double smoothing = 0, weight = 1;
};

// Images that lie on the device, and what is to be done to each.
struct StoredImages {
  const ImageStore* store = nullptr;
  const kernels::ImageAugmentation* augmentations = nullptr;  // [count], on the host
};

// One batch, as the trainer is given it: a view of memory of the host, which is the caller's again when the
// batch is submitted.
template <typename P>
struct BasicHostBatch {
  std::variant<const P*, StoredImages> images;  // normalised [count, height, width, 3], or of a store
  const std::int32_t* labels = nullptr;         // [count]; null: no loss
  index_t count = 0, height = 0, width = 0;
};
using HostBatch = BasicHostBatch<float>;

// What one forward pass gave, on the host.
template <typename P>
struct PassResult {
  double loss = 0;        // mean over the batch
  std::vector<P> logits;  // [count, outputs]
};

// Bytes on the device.
struct MemoryNeeds {
  std::size_t model = 0;        // weights and statistics
  std::size_t training = 0;     // master weights, gradients and moments
  std::size_t activations = 0;  // the arena
  std::size_t scratch = 0;      // of kernels and libraries
  std::size_t batches = 0;      // input and results
  std::size_t total() const { return model + training + activations + scratch + batches; }
};

enum class Use { evaluation, training };

template <typename P>
class BasicTrainer {
 public:
  virtual ~BasicTrainer() = default;

  virtual Device& device() = 0;
  virtual Parameters<P>& parameters() = 0;
  virtual index_t outputs() const = 0;

  // Allocates gradients and moments. Call after the parameters have been set.
  virtual void prepare_training(const OptimizerOptions& options, const LossOptions& loss,
                                std::uint64_t seed) = 0;

  // Puts a batch on the device's queue and returns, on a CUDA device before it has been computed. At most
  // kInFlight batches may wait to be collected. The batch's memory is free again on return.
  static constexpr int kInFlight = 2;
  // Logits in eval mode.
  virtual void submit_evaluation(const BasicHostBatch<P>& batch) = 0;
  // One step: with rho > 0 a SAM step of two passes, else one pass. When a gradient is not finite the
  // optimizer does not move; the running statistics have seen the batch all the same.
  virtual void submit_step(const BasicHostBatch<P>& batch, double lr) = 0;
  // The results of the oldest batch that was submitted, each pass's in order. Throws Error when there is
  // none.
  virtual std::vector<PassResult<P>> collect() = 0;
  virtual int in_flight() const = 0;

  PassResult<P> evaluate(const BasicHostBatch<P>& batch) {
    submit_evaluation(batch);
    return std::move(collect().front());
  }
  std::vector<PassResult<P>> step(const BasicHostBatch<P>& batch, double lr) {
    submit_step(batch, lr);
    return collect();
  }

  // What batches of this size need, by a dry run: nothing is allocated, no batch may be in flight.
  virtual MemoryNeeds memory_needs(Use use, index_t count, index_t height, index_t width) = 0;
  // The most images a training batch may have in `bytes` of memory in all; 0 when not even one fits.
  virtual index_t largest_batch(std::size_t bytes, index_t height, index_t width) = 0;

  // Counters, learning rate and loss scale; what a run resumed to the bit must be given back. Waits for
  // everything in flight.
  virtual kernels::StepState step_state() = 0;
  virtual void set_step_state(const kernels::StepState& state) = 0;
};

using TrainerBase = BasicTrainer<float>;

// In the device's precision.
std::unique_ptr<TrainerBase> make_trainer(Device& device, const std::string& model, index_t outputs,
                                          const Freeze& freeze = {});

}  // namespace poster
