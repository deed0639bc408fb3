// The memory of a trainer: planned by a dry run for each kind of batch, before its first one.
#include <algorithm>

#include "engine/byte_text.h"
#include "engine/error.h"
#include "model/trainer.h"

namespace poster {

// Runs the whole task once without computing. Returns the bytes of activations.
template <typename T>
std::size_t Trainer<T>::dry_run(const Kind& kind) {
  if (auto* queue = device_.cuda()) queue->restart_scratch_peak();
  arena_.start_planning();
  run(kind);
  const std::size_t bytes = arena_.peak_bytes();
  arena_.stop_planning();
  return bytes;
}

template <typename T>
MemoryNeeds Trainer<T>::memory_needs(Use use, index_t count, index_t height, index_t width) {
  const Kind kind{.task = use == Use::training ? Kind::Task::step : Kind::Task::evaluation,
                  .count = count,
                  .height = height,
                  .width = width,
                  .store = nullptr,
                  .labels = true};
  MemoryNeeds needs{.model = parameters_->model_bytes(),
                    .training = use == Use::training ? parameters_->training_bytes() : 0,
                    .activations = dry_run(kind)};
  if (auto* queue = device_.cuda()) needs.scratch = queue->scratch_peak();
  needs.batches = input_layout(kind).bytes + pass_layout(count).bytes * kind.passes(sam());
  return needs;
}

template <typename T>
index_t Trainer<T>::largest_batch(std::size_t bytes, index_t height, index_t width) {
  const auto fits = [&](index_t count) {
    return memory_needs(Use::training, count, height, width).total() <= bytes;
  };
  index_t low = 0, high = 2;  // low fits, high doesn't
  while (fits(high)) {
    low = high;
    high *= 2;
  }
  while (high - low > 1) {
    const index_t middle = low + (high - low) / 2;
    (fits(middle) ? low : high) = middle;
  }
  return low;
}

// Where the device says how much it has left: refuses what does not fit before anything is allocated.
template <typename T>
void Trainer<T>::check_memory(const Kind& kind, std::size_t activations) {
  const auto free = device_.free_memory();
  if (!free) return;
  const std::size_t held = arena_.bytes() + input_.size() + results_.size();
  const std::size_t needed = activations + device_.cuda()->scratch_peak() + input_layout(kind).bytes;
  if (needed <= *free + held) return;
  std::string message = "a batch of " + std::to_string(kind.count) + " needs " + mebibytes(needed) +
                        " on the device, where " + mebibytes(*free + held) + " are free; ";
  const std::size_t others = parameters_->model_bytes() + parameters_->training_bytes();
  const index_t largest = largest_batch(*free + held + others, kind.height, kind.width);
  message += largest > 0 ? "use --batch-size " + std::to_string(largest) + " or less"
                         : "not even a batch of one fits: use a device with more memory";
  throw Error(message);
}

template <typename T>
void Trainer<T>::plan(const Kind& kind) {
  if (planned_.contains(kind)) return;
  if (kind.store && (kind.height != kind.width || kind.store->size() % kind.height != 0))
    throw Error("trainer: pictures of " + std::to_string(kind.store->size()) +
                " pixels cannot be handed over as " + std::to_string(kind.height) + "x" +
                std::to_string(kind.width));
  const std::size_t activations = dry_run(kind);
  const std::size_t scratch = device_.cuda() ? device_.cuda()->scratch_peak() : 0;
  check_memory(kind, activations);
  // Whatever is in flight has its results copied from memory that may move now.
  if (auto* queue = device_.cuda()) kernels::cuda_synchronize(*queue);
  arena_.reserve(device_, activations);
  const InputLayout layout = input_layout(kind);
  if (input_.size() < layout.bytes) {
    input_ = {};
    input_ = device_.allocate(layout.bytes);
  }
  const std::size_t results = pass_layout(kind.count).bytes * 2;
  if (results_.size() < results) {
    results_ = {};
    results_ = device_.allocate(results);
  }
  if (auto* queue = device_.cuda()) queue->reserve_scratch(scratch);
  forget_graphs_if_memory_moved();
  planned_[kind];
}

// A graph has the addresses in it that it was captured with.
template <typename T>
void Trainer<T>::forget_graphs_if_memory_moved() {
  // Scratch that has grown leaves the old scratch to those graphs that have it.
  const void* const memory[3] = {arena_.memory(), input_.data(), results_.data()};
  if (std::equal(std::begin(memory), std::end(memory), std::begin(graph_memory_))) return;
  std::copy(std::begin(memory), std::end(memory), std::begin(graph_memory_));
  for (auto& [kind, replay] : planned_) replay = {};
}

template <typename T>
std::size_t Trainer<T>::graph_count() const {
  return static_cast<std::size_t>(std::count_if(
      planned_.begin(), planned_.end(), [](const auto& entry) { return entry.second.graph.ready(); }));
}

#define POSTER_INSTANTIATE(T)                                                    \
  template std::size_t Trainer<T>::dry_run(const Kind&);                         \
  template MemoryNeeds Trainer<T>::memory_needs(Use, index_t, index_t, index_t); \
  template index_t Trainer<T>::largest_batch(std::size_t, index_t, index_t);     \
  template void Trainer<T>::check_memory(const Kind&, std::size_t);              \
  template void Trainer<T>::plan(const Kind&);                                   \
  template void Trainer<T>::forget_graphs_if_memory_moved();                     \
  template std::size_t Trainer<T>::graph_count() const;
POSTER_INSTANTIATE(float)
POSTER_INSTANTIATE(double)
POSTER_INSTANTIATE(Half)
#undef POSTER_INSTANTIATE

}  // namespace poster
