#include "kernels/step_state/step_state.h"

namespace poster::kernels {

void take_step_action_on_host(const StepControl& a) {
  take_step_action(*a.state, a.action, a.growth_interval);
}

}  // namespace poster::kernels
