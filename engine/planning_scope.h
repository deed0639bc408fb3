// While it lives nothing computes: tensors are offsets, and kernels check their arguments and tell what
// scratch they need. So one dry run of a pass tells all the memory that it will take.
#pragma once

#include <array>
#include <cstddef>
#include <numeric>

#include "engine/arena.h"
#include "engine/device.h"

namespace poster {

struct PlannedMemory {
  std::size_t activations = 0;  // the arena
  // Of kernels and libraries, for each queue; on a CUDA device alone.
  std::array<std::size_t, Device::kQueues> scratch{};
  std::size_t all_scratch() const { return std::accumulate(scratch.begin(), scratch.end(), std::size_t{0}); }
};

class PlanningScope {
 public:
  // Throws Error while tensors of the arena are alive, another scope's too.
  PlanningScope(Device& device, Arena& arena);
  // However the dry run ended, device and arena compute again from here on; tensors that an exception has
  // left alive (a layer keeps some for its backward) are forgotten.
  ~PlanningScope();
  PlanningScope(const PlanningScope&) = delete;
  PlanningScope& operator=(const PlanningScope&) = delete;

  // What the dry run needed. Throws Error when a tensor is still alive.
  PlannedMemory finish();

 private:
  Device& device_;
  Arena& arena_;
};

}  // namespace poster
