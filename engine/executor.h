// Executes batches whose memory is planned: for each kind of batch a dry run tells what it needs, memory is
// allocated once, and on a CUDA device the second batch of a kind is captured into a graph that the later
// ones replay. Inputs go to the device and results come back through host memory of the executor's own, so
// that a batch may compute while the next is prepared.
//
// After an error the executor computes right or says that it can't:
//   - in planning, allocating and capturing nothing has been computed. What was planned before is forgotten
//     where its memory may be lost, and is planned again when it is needed.
//   - in the middle of a task that leaves nothing behind but results (an evaluation) the results are lost.
//   - in the middle of a task that changes lasting state (a training step) that state is between two steps:
//     the executor refuses every later task.
// Batches in flight are not touched by an error of a later one.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "engine/arena.h"
#include "engine/device.h"
#include "engine/lanes.h"
#include "engine/planning_scope.h"
#include "kernels/cuda_device.h"
#include "kernels/index.h"

namespace poster {

// What a plan and a graph depend on.
struct BatchKey {
  int task = 0;  // the owner's number of what is done with the batch
  kernels::index_t count = 0, height = 0, width = 0;
  std::uint64_t store = 0;  // ImageStore::id() of the images; 0: they come with the batch
  bool labels = false;
  auto operator<=>(const BatchKey&) const = default;
};

// A part of a batch on the host. On a CUDA device it is copied there; on the CPU it is read where it is, and
// must live until submit() returns, as it must on any device.
struct BatchInput {
  const void* data = nullptr;
  std::size_t bytes = 0;
  void* destination = nullptr;  // on the device; null: where Executor::input() says
};

struct Task {
  BatchKey key;
  std::span<const BatchInput> inputs;
  std::size_t result_bytes = 0;
  // Puts the task's kernels on the device's queue. They read Executor::input(i), write Executor::results(),
  // and nothing that they are called with changes from one batch of a key to the next. Called in planning
  // too, where both are addresses without memory behind them.
  std::function<void()> record;
  bool changes_state = false;  // what lasts beyond the task: parameters, statistics, counters
  bool use_graph = true;       // on a CUDA device; with POSTER_CUDA_SYNC=1 there are none
};

class Executor {
 public:
  static constexpr std::size_t kMaxInputs = 4;
  // What a part takes in a block of inputs or of results: the next one begins on a boundary of 256 bytes.
  static constexpr std::size_t aligned(std::size_t bytes) { return (bytes + 255) / 256 * 256; }

  // slots: batches that may be in flight. counters: numbers on the host that recording a task moves, if there
  // are any; replaying it moves them as far.
  Executor(Device& device, int slots, std::vector<std::int64_t>* counters = nullptr);

  Device& device() { return device_; }
  Arena& arena() { return arena_; }
  const Arena& arena() const { return arena_; }
  // For `record`; what it doesn't join is joined at its end.
  Lanes& lanes() { return lanes_; }
  int in_flight() const { return in_flight_; }
  bool has_plan(const BatchKey& key) const { return plans_.contains(key); }
  std::size_t graph_count() const;
  // Of the device: activations, inputs and results.
  std::size_t held_bytes() const { return arena_.bytes() + inputs_.size() + results_.size(); }
  // That a task's inputs take there.
  static std::size_t bytes_of(std::span<const BatchInput> inputs);

  // What a task needs; allocates nothing.
  PlannedMemory dry_run(const std::function<void()>& record);
  // Plans and allocates for batches like this one, unless there is a plan; submit() does so by itself.
  void reserve(const Task& task);
  // For when what tasks do, or the memory that they use besides, becomes another. Throws Error while a batch
  // is in flight.
  void forget_plans();

  // Puts a task on the device's queue. Throws Error when all slots are in flight, when there is no memory,
  // and what `record` throws.
  void submit(const Task& task);
  // Waits for the oldest task in flight; its results are valid until release(), which gives its slot to
  // another. Throws Error when there is none.
  struct Finished {
    BatchKey key;
    const std::byte* results = nullptr;
  };
  Finished wait();
  void release();

  // While a task is recorded: its i-th input, and where its results go, both 64-byte aligned but for inputs
  // on the CPU.
  const std::byte* input(std::size_t i) const { return input_at_[i]; }
  std::byte* results() const { return results_at_; }

 private:
  // Of a batch in flight, on the host.
  struct Slot {
    DeviceBuffer inputs, results;  // inputs on a CUDA device alone
    std::optional<kernels::CudaEvent> done;
    BatchKey key;
  };
  struct Plan {
    bool ran = false;  // once without a graph, so that libraries have loaded what they need
    std::optional<kernels::CudaGraph> graph;
    std::vector<std::int64_t> counter_moves;  // of a replay
  };

  Plan& planned(const Task& task);
  void allocate(const Task& task, const PlannedMemory& needs);
  void record(const Task& task);
  Slot& next_slot(const Task& task);
  void stage(const Task& task, Slot& slot);
  void send(const Task& task, Slot& slot);
  void capture(const Task& task, Plan& plan);
  void replay(Plan& plan);

  Device& device_;
  std::vector<std::int64_t>* counters_;
  Arena arena_;
  Lanes lanes_{device_, arena_};
  DeviceBuffer inputs_, results_;  // of the batch that computes, on a CUDA device
  std::array<const std::byte*, kMaxInputs> input_at_{};
  std::byte* results_at_ = nullptr;
  std::vector<Slot> slots_;  // a ring
  int oldest_ = 0, in_flight_ = 0;
  std::map<BatchKey, Plan> plans_;
  bool interrupted_ = false;  // in the middle of a task that changes state
  bool use_graphs_;
};

}  // namespace poster
