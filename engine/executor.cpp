#include "engine/executor.h"

#include <algorithm>
#include <cstring>

#include "engine/error.h"
#include "kernels/environment.h"

namespace poster {

Executor::Executor(Device& device, int slots, std::vector<std::int64_t>* counters)
    : device_(device),
      counters_(counters),
      slots_(static_cast<std::size_t>(slots)),
      // Within a graph no launch can be waited for.
      use_graphs_(!environment_flag(Variable::cuda_sync)) {}

std::size_t Executor::graph_count() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(plans_, [](const auto& entry) { return entry.second.graph.has_value(); }));
}

std::size_t Executor::bytes_of(std::span<const BatchInput> inputs) {
  std::size_t bytes = 0;
  for (const BatchInput& input : inputs) bytes += aligned(input.bytes);
  return bytes;
}

PlannedMemory Executor::dry_run(const std::function<void()>& record) {
  input_at_.fill(reinterpret_cast<const std::byte*>(Arena::kPlanningBase));
  results_at_ = reinterpret_cast<std::byte*>(Arena::kPlanningBase);
  PlanningScope scope(device_, arena_);
  try {
    record();
    lanes_.join();
  } catch (...) {
    lanes_.abandon();
    throw;
  }
  return scope.finish();
}

void Executor::record(const Task& task) {
  task.record();
  lanes_.join();
}

Executor::Plan& Executor::planned(const Task& task) {
  if (task.inputs.size() > kMaxInputs) throw Error("executor: a batch of too many inputs");
  const auto known = plans_.find(task.key);
  if (known != plans_.end()) return known->second;
  allocate(task, dry_run(task.record));
  return plans_[task.key];
}

void Executor::allocate(const Task& task, const PlannedMemory& needs) {
  auto* const queue = device_.cuda();
  const std::size_t inputs = queue ? bytes_of(task.inputs) : 0, results = queue ? task.result_bytes : 0;
  if (arena_.bytes() < needs.activations || inputs_.size() < inputs || results_.size() < results) {
    // Whatever is in flight uses memory that moves now, and graphs have its addresses in them. Scratch that
    // grows leaves the old scratch to those graphs that have it.
    if (queue) kernels::cuda_synchronize(*queue);
    for (auto& [key, plan] : plans_) {
      plan.graph.reset();
      plan.ran = false;
    }
  }
  const auto grow = [&](DeviceBuffer& buffer, std::size_t bytes) {
    if (buffer.size() >= bytes) return;
    buffer = {};  // freed before the larger one is taken
    buffer = device_.allocate(bytes);
  };
  try {
    arena_.reserve(device_, needs.activations);
    grow(inputs_, inputs);
    grow(results_, results);
    for (int i = 0; queue && i < device_.queues(); ++i)
      device_.queue(i).reserve_scratch(needs.scratch[static_cast<std::size_t>(i)]);
  } catch (...) {
    plans_.clear();  // their memory may be gone
    throw;
  }
}

Executor::Slot& Executor::next_slot(const Task& task) {
  Slot& slot = slots_[static_cast<std::size_t>(oldest_ + in_flight_) % slots_.size()];
  if (device_.cuda()) {
    if (const std::size_t bytes = bytes_of(task.inputs); slot.inputs.size() < bytes)
      slot.inputs = device_.allocate_host(bytes);
    if (!slot.done) slot.done.emplace();
  }
  if (slot.results.size() < task.result_bytes) slot.results = device_.allocate_host(task.result_bytes);
  return slot;
}

void Executor::reserve(const Task& task) {
  planned(task);
  next_slot(task);
}

void Executor::forget_plans() {
  if (in_flight_ > 0) throw Error("collect the results of what is in flight first");
  plans_.clear();
}

void Executor::submit(const Task& task) {
  if (interrupted_)
    throw Error(
        "an earlier step ended in the middle by an error, and what it changes is between two states; "
        "begin anew from the last checkpoint");
  if (in_flight_ == std::ssize(slots_))
    throw Error("collect the results of a batch before submitting another");
  Plan& plan = planned(task);
  Slot& slot = next_slot(task);
  stage(task, slot);
  auto* const queue = device_.cuda();
  const bool replays = queue && task.use_graph && use_graphs_ && plan.ran;
  if (replays && !plan.graph) capture(task, plan);
  try {
    send(task, slot);
    if (replays) {
      replay(plan);
    } else {
      record(task);
      plan.ran = true;
    }
    if (queue) {
      device_.fetch(slot.results.data(), results_.data(), task.result_bytes);
      slot.done->record(*queue);
    }
  } catch (...) {
    interrupted_ = task.changes_state;
    lanes_.abandon();
    arena_.forget_blocks();
    throw;
  }
  slot.key = task.key;
  ++in_flight_;
}

// Says where inputs and results are; on a CUDA device the batch's memory is free again after it.
void Executor::stage(const Task& task, Slot& slot) {
  const bool cuda = device_.cuda() != nullptr;
  results_at_ = cuda ? results_.data() : slot.results.data();
  std::size_t offset = 0;
  for (std::size_t i = 0; i < task.inputs.size(); ++i) {
    const BatchInput& input = task.inputs[i];
    input_at_[i] = cuda ? inputs_.data() + offset : static_cast<const std::byte*>(input.data);
    if (cuda && input.bytes > 0) std::memcpy(slot.inputs.data() + offset, input.data, input.bytes);
    offset += aligned(input.bytes);
  }
}

void Executor::send(const Task& task, Slot& slot) {
  const bool cuda = device_.cuda() != nullptr;
  if (cuda) device_.send(inputs_.data(), slot.inputs.data(), bytes_of(task.inputs));
  std::size_t offset = 0;
  for (const BatchInput& input : task.inputs) {
    const void* const host = cuda ? slot.inputs.data() + offset : input.data;
    if (input.destination) device_.send(input.destination, host, input.bytes);
    offset += aligned(input.bytes);
  }
}

void Executor::capture(const Task& task, Plan& plan) {
  const std::vector<std::int64_t> before = counters_ ? *counters_ : std::vector<std::int64_t>();
  std::vector<std::int64_t> moves(before.size());
  kernels::CudaGraph graph;
  graph.begin(*device_.cuda());
  try {
    record(task);
    graph.end(*device_.cuda());
  } catch (...) {
    graph.abandon(*device_.cuda());
    lanes_.abandon();
    arena_.forget_blocks();
    if (counters_) std::ranges::copy(before, counters_->begin());
    throw;
  }
  for (std::size_t i = 0; i < before.size(); ++i) {
    moves[i] = (*counters_)[i] - before[i];
    (*counters_)[i] = before[i];
  }
  plan.counter_moves = std::move(moves);
  plan.graph = std::move(graph);
}

void Executor::replay(Plan& plan) {
  plan.graph->launch(*device_.cuda());
  for (std::size_t i = 0; i < plan.counter_moves.size(); ++i) (*counters_)[i] += plan.counter_moves[i];
}

Executor::Finished Executor::wait() {
  if (in_flight_ == 0) throw Error("executor: nothing was submitted");
  Slot& slot = slots_[static_cast<std::size_t>(oldest_)];
  if (device_.cuda()) slot.done->wait();
  return {slot.key, slot.results.data()};
}

void Executor::release() {
  if (in_flight_ == 0) throw Error("executor: nothing was submitted");
  oldest_ = (oldest_ + 1) % static_cast<int>(slots_.size());
  --in_flight_;
}

}  // namespace poster
