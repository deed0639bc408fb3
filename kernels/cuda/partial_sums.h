// The second half of sums over many rows: a kernel's blocks each write their share, and this adds the shares
// in a fixed order.
#pragma once

#include "kernels/cuda/launch.h"
#include "kernels/cuda_queue.h"

namespace poster::kernels {

struct PartialSums {
  float* out;               // [columns], overwritten
  float* second = nullptr;  // [columns], overwritten; when there are two results
  const float* partials;    // [parts, columns], with a second result [parts, 2, columns]
  index_t parts, columns;
  bool accumulate = false;  // the sums are added to out and second instead
};

void sum_partials(CudaQueue& queue, const LaunchName& name, const PartialSums& sums);

}  // namespace poster::kernels
