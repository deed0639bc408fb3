// The second half of sums over many rows: a kernel's blocks each write their share, and this adds the shares
// in a fixed order.
#pragma once

#include "kernels/cuda/launch_check.h"
#include "kernels/cuda_queue.h"

namespace poster::kernels {

struct PartialSums {
  float* out;               // [columns], overwritten
  float* second = nullptr;  // [columns], overwritten; when there are two results or three
  float* third = nullptr;   // [columns], overwritten; when there are three
  const float* partials;    // [parts, columns], with more results [parts, 2 or 3, columns]
  index_t parts, columns;
  bool accumulate = false;  // the sums are added to what is there instead
};

void sum_partials(CudaQueue& queue, const LaunchName& name, const PartialSums& sums);

}  // namespace poster::kernels
