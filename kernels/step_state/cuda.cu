#include "kernels/cuda/kernel.cuh"
#include "kernels/step_state/step_state.h"

namespace poster::kernels {
namespace {

__global__ void step_control_kernel(StepControl a) {
  if (threadIdx.x == 0) take_step_action(*a.state, a.action, a.growth_interval);
}

}  // namespace

void step_control(CudaQueue& queue, const StepControl& a) {
  launch(queue, "step_control", step_control_kernel, 1, 32, 0, a);
}

}  // namespace poster::kernels
