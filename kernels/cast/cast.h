// y = x rounded to T (to nearest even), elementwise: from float inputs to 16-bit maps, and flat weights.
#pragma once

#include "kernels/cpu_queue.h"
#include "kernels/cuda_queue.h"

namespace poster::kernels {

template <typename T>
struct Cast {
  T* y;               // [count]
  const acc_t<T>* x;  // [count]; must not overlap y
  index_t count;
};

template <typename T>
void cast(CpuQueue&, const Cast<T>&);
template <typename T>
void cast(CudaQueue&, const Cast<T>&);

}  // namespace poster::kernels
