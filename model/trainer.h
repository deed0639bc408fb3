// A network with everything it takes to run it: device, parameters, arena, optimizer. One object trains,
// evaluates or is compared with the reference.
//
// On a CUDA device a whole step, or a whole evaluation, is put into a graph when the second batch of a size
// comes, and replayed from then on: everything that changes from step to step lies on the device.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "engine/context.h"
#include "kernels/cuda_device.h"
#include "model/network.h"
#include "model/trainer_base.h"

namespace poster {

template <typename T>
class Trainer : public TrainerBase<acc_t<T>> {
 public:
  using P = acc_t<T>;
  using Base = TrainerBase<P>;

  Trainer(Device& device, const std::string& model, index_t outputs, const Freeze& freeze = {});

  Device& device() override { return device_; }
  Parameters<P>& parameters() override { return *parameters_; }
  index_t outputs() const override { return outputs_; }
  void prepare_training(const OptimizerOptions& options, const LossOptions& loss,
                        std::uint64_t seed) override;
  void submit_evaluation(const HostBatch<P>& batch) override;
  void submit_step(const HostBatch<P>& batch, double lr) override;
  std::vector<PassResult<P>> collect() override;
  int in_flight() const override { return static_cast<int>(waiting_.size()); }
  MemoryNeeds memory_needs(Use use, index_t count, index_t height, index_t width) override;
  index_t largest_batch(std::size_t bytes, index_t height, index_t width) override;
  kernels::StepState step_state() override;
  void set_step_state(const kernels::StepState& state) override;

  // One forward and backward pass in train mode, without a step: gradients, times the loss scale, stay in
  // parameters().
  PassResult<P> forward_backward(const HostBatch<P>& batch);

  Context<T>& context() { return context_; }
  // Graphs are used on a CUDA device, unless this is set to false: to compare, or to look inside.
  void use_graphs(bool use) { use_graphs_ = use; }
  // Graphs in hand; for tests.
  std::size_t graph_count() const;

 private:
  // What a batch does, and its size: everything that a plan and a graph depend on.
  struct Kind {
    enum class Task { evaluation, pass, step } task;
    index_t count, height, width;
    const PictureStore* store;
    bool labels;
    auto key() const { return std::tuple(task, count, height, width, store, labels); }
    bool operator<(const Kind& other) const { return key() < other.key(); }
    int passes(bool sam) const { return task == Task::step && sam ? 2 : 1; }
  };
  // A batch on its way: its input and results on the host.
  struct Slot {
    DeviceBuffer input, results;
    std::optional<kernels::CudaEvent> done;
    index_t count = 0;
    int passes = 0;
    bool labels = false;
  };
  // Where things lie in a block of input, or of results.
  struct InputLayout {
    std::size_t learning_rate, labels, pictures, bytes;
  };
  struct PassLayout {
    std::size_t logits, losses, bytes;
  };
  struct Replay {
    kernels::CudaGraph graph;
    std::vector<std::int64_t> counter_moves;  // of a replay
    bool ran = false;                         // once without a graph
  };

  static Kind kind_of(typename Kind::Task task, const HostBatch<P>& batch);
  InputLayout input_layout(const Kind& kind) const;
  PassLayout pass_layout(index_t count) const;
  bool sam() const { return optimizer_ && optimizer_->options().rho > 0; }

  void plan(const Kind& kind);
  std::size_t dry_run(const Kind& kind);
  void check_memory(const Kind& kind, std::size_t activations);
  void forget_graphs_if_memory_moved();
  void submit(const Kind& kind, const HostBatch<P>& batch, double lr);
  void run_or_replay(const Kind& kind);
  void run(const Kind& kind);
  Tensor<T> input(const Kind& kind);
  Tensor<T> run_pass(const Kind& kind, const Tensor<T>& images, FrozenFeatures frozen, int pass,
                     bool want_gradient);
  void train_pass(const Kind& kind, const Tensor<T>& images, FrozenFeatures frozen, int pass);

  Device& device_;
  index_t outputs_;
  LossOptions loss_;
  std::unique_ptr<Parameters<P>> parameters_;  // laid out from the table that building the network fills
  std::unique_ptr<Network<T>> network_;
  DeviceBuffer state_;
  std::optional<Optimizer<T>> optimizer_;
  Arena arena_;
  Context<T> context_;

  DeviceBuffer input_, results_;  // of the batch that computes
  std::vector<Slot> slots_;
  std::deque<int> waiting_;  // slots in flight, oldest first
  int next_slot_ = 0;
  bool use_graphs_ = true;
  std::map<Kind, Replay> planned_;
  const void* graph_memory_[3] = {};  // what the graphs have in them
};

}  // namespace poster
