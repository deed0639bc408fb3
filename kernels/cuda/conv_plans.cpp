#include "kernels/conv_plans.h"

#include "kernels/cuda/libraries.h"
#include "kernels/cuda_device.h"

namespace poster::kernels {

std::string conv_plans_are_for(CudaQueue& queue) {
  const std::string device = cuda_device_name(queue.device());
  return device.substr(0, device.find(',')) + ", cuDNN " + cudnn_version();
}

void use_conv_plans(CudaQueue& queue, ConvPlanTable table) {
  queue.libraries().conv_plans.table = std::move(table);
}

void measure_conv_plans(CudaQueue& queue) { queue.libraries().conv_plans.measure = true; }

const ConvPlanTable& conv_plans(CudaQueue& queue) { return queue.libraries().conv_plans.table; }

}  // namespace poster::kernels
