#include "engine/planning_scope.h"

#include "engine/error.h"

namespace poster {

PlanningScope::PlanningScope(Device& device, Arena& arena) : device_(device), arena_(arena) {
  if (arena.planning()) throw Error("arena: planned within a plan");
  arena_.start_planning();
  if (auto* queue = device_.cuda()) {
    queue->restart_scratch_peak();
    queue->set_planning(true);
  }
}

PlanningScope::~PlanningScope() {
  if (auto* queue = device_.cuda()) queue->set_planning(false);
  arena_.planning_ = false;
  if (!arena_.all_free()) arena_.forget_blocks();
}

PlannedMemory PlanningScope::finish() {
  if (!arena_.all_free()) throw Error("arena: a tensor outlives the pass that was planned");
  auto* const queue = device_.cuda();
  return {.activations = arena_.peak_bytes(), .scratch = queue ? queue->scratch_peak() : 0};
}

}  // namespace poster
