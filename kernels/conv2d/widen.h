// Half to float: what cuDNN gives in 16 bits and is wanted in float.
#pragma once

#include "kernels/cuda_queue.h"

namespace poster::kernels {

// y[i] = x[i]
struct Widen {
  float* y;       // [count]
  const Half* x;  // [count]
  index_t count;
};

void widen(CudaQueue& queue, const Widen& a);

}  // namespace poster::kernels
