#include "kernels/cuda/kernel.cuh"
#include "kernels/step_state/step_state.h"

namespace poster::kernels {
namespace {

__global__ void step_control_kernel(StepControl a) {
  if (threadIdx.x == 0) take_step_action(*a.state, a.action, a.growth_interval);
}

}  // namespace

void compute(CudaQueue& queue, const StepControl& a) {
  launch(queue, a.name, step_control_kernel, 1, 32, 0, a);
}

template struct CudaKernel<StepControl>;

}  // namespace poster::kernels
