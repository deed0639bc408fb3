// A network with everything it takes to run it: parameters, optimizer, and an executor (engine/executor.h)
// with its guarantees. One object trains, evaluates or is compared with the reference.
//
// On a CUDA device a whole step, or a whole evaluation, is one graph: everything that changes from step to
// step lies on the device.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/context.h"
#include "engine/executor.h"
#include "model/network.h"
#include "model/trainer_base.h"

namespace poster {

template <typename T>
class Trainer : public BasicTrainer<acc_t<T>> {
 public:
  using P = acc_t<T>;
  using Base = BasicTrainer<P>;

  Trainer(Device& device, const std::string& model, index_t outputs, const Freeze& freeze = {});

  Device& device() override { return device_; }
  Parameters<P>& parameters() override { return *parameters_; }
  index_t outputs() const override { return outputs_; }
  void prepare_training(const OptimizerOptions& options, const LossOptions& loss,
                        std::uint64_t seed) override;
  void submit_evaluation(const BasicHostBatch<P>& batch) override;
  void submit_step(const BasicHostBatch<P>& batch, double lr) override;
  std::vector<PassResult<P>> collect() override;
  int in_flight() const override { return executor_->in_flight(); }
  MemoryNeeds memory_needs(Use use, index_t count, index_t height, index_t width) override;
  // The same for a batch like this one, whose images may lie on the device.
  MemoryNeeds memory_needs(Use use, const BasicHostBatch<P>& batch);
  index_t largest_batch(std::size_t bytes, index_t height, index_t width) override;
  kernels::StepState step_state() override;
  void set_step_state(const kernels::StepState& state) override;

  // One forward and backward pass in train mode, without a step: gradients, times the loss scale, stay in
  // parameters().
  PassResult<P> forward_backward(const BasicHostBatch<P>& batch);

  // For tests; with one that looks inside nothing is replayed from a graph.
  Hooks<T>& hooks() { return hooks_; }
  std::size_t activation_bytes() const { return executor_->arena().bytes(); }
  // Graphs are used on a CUDA device, unless this is set to false: to compare, or to look inside.
  void use_graphs(bool use) { use_graphs_ = use; }
  // Graphs in hand; for tests.
  std::size_t graph_count() const { return executor_->graph_count(); }

 private:
  enum class Work { evaluation, pass, step };
  // A batch as a task of the executor, with what has to stay until it is submitted.
  struct Job {
    BatchKey key;
    const ImageStore* store = nullptr;
    double lr = 0;
    std::array<BatchInput, 3> inputs;  // learning rate, labels, images
    std::size_t result_bytes = 0;
  };
  // Where things lie in the results of a pass.
  struct PassLayout {
    std::size_t logits, losses, bytes;
  };

  Job job_of(Work work, const BasicHostBatch<P>& batch, double lr) const;
  PassLayout pass_layout(index_t count) const;
  bool sam() const { return optimizer_ && optimizer_->options().rho > 0; }
  int passes(const BatchKey& key) const { return key.task == static_cast<int>(Work::step) && sam() ? 2 : 1; }
  Job job_of(Use use, index_t count, index_t height, index_t width) const;
  MemoryNeeds memory_needs(const Job& job);
  std::optional<MemoryNeeds> needs_if_possible(const Job& job);
  std::optional<MemoryNeeds> needs_if_possible(Use use, index_t count, index_t height, index_t width) {
    return needs_if_possible(job_of(use, count, height, width));
  }
  void check_memory(const Job& job);

  void submit(Work work, const BasicHostBatch<P>& batch, double lr);
  void record(const Job& job);
  Tensor<T> images(Context<T>& context, const Job& job);
  Tensor<T> run_pass(Context<T>& context, const Job& job, const Tensor<T>& images, FrozenFeatures frozen,
                     int pass);
  void train_pass(Context<T>& context, const Job& job, const Tensor<T>& images, FrozenFeatures frozen,
                  int pass);

  Device& device_;
  index_t outputs_;
  LossOptions loss_;
  std::unique_ptr<Parameters<P>> parameters_;  // laid out from the table that building the network fills
  std::unique_ptr<Executor> executor_;         // outlives the network, which may hold tensors of its arena
  std::unique_ptr<Network<T>> network_;
  DeviceBuffer state_;
  std::optional<Optimizer<T>> optimizer_;
  Resources<T> resources_;
  Hooks<T> hooks_;
  std::uint64_t seed_ = 0;
  bool use_graphs_ = true;
};

}  // namespace poster
