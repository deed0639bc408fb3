// What an op's cuda.cu needs; kernels/cuda/kernel.h says what it has.
#pragma once

#include "kernels/cuda/kernel.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/shared.cuh"
#include "kernels/cuda_queue.h"

// The older form, for ops without a table. Defines the public function for the types that CUDA computes in,
// from the template `template <typename T> void fn(CudaQueue&, const Args<T>&)` in poster::kernels.
#define POSTER_CUDA_KERNEL(fn, Args)                       \
  namespace poster::kernels {                              \
  template void fn<float>(CudaQueue&, const Args<float>&); \
  template void fn<Half>(CudaQueue&, const Args<Half>&);   \
  }

// For float alone.
#define POSTER_CUDA_KERNEL_FLOAT(fn, Args)                 \
  namespace poster::kernels {                              \
  template void fn<float>(CudaQueue&, const Args<float>&); \
  }
