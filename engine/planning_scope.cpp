#include "engine/planning_scope.h"

#include "engine/error.h"

namespace poster {

PlanningScope::PlanningScope(Device& device, Arena& arena) : device_(device), arena_(arena) {
  if (arena.planning()) throw Error("arena: planned within a plan");
  arena_.start_planning();
  for (int i = 0; device_.cuda() && i < device_.queues(); ++i) {
    device_.queue(i).restart_scratch_peak();
    device_.queue(i).set_planning(true);
  }
}

PlanningScope::~PlanningScope() {
  for (int i = 0; device_.cuda() && i < device_.queues(); ++i) device_.queue(i).set_planning(false);
  arena_.planning_ = false;
  if (!arena_.all_free()) arena_.forget_blocks();
}

PlannedMemory PlanningScope::finish() {
  if (!arena_.all_free()) throw Error("arena: a tensor outlives the pass that was planned");
  PlannedMemory needs{.activations = arena_.peak_bytes()};
  for (int i = 0; device_.cuda() && i < device_.queues(); ++i)
    needs.scratch[static_cast<std::size_t>(i)] = device_.queue(i).scratch_peak();
  return needs;
}

}  // namespace poster
