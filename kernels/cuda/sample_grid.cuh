// The grid of kernels in which one thread makes one group of channels of one sample: x goes over the groups
// of a sample, whose index and offset fit 32 bits, y over samples:
//
//   for (index_t n = blockIdx.y; n < batch; n += gridDim.y)
#pragma once

#include <algorithm>

#include "kernels/cuda/launch.cuh"

namespace poster::kernels {

inline constexpr int kSampleThreads = 256;

// Throws CudaError when a sample has 2^31 groups or more.
inline dim3 sample_grid(index_t groups_per_sample, index_t batch) {
  if (groups_per_sample > 0x7FFFFFFF - kSampleThreads)
    throw CudaError("CUDA: a sample of " + std::to_string(groups_per_sample) + " groups is too large");
  return {blocks_for(groups_per_sample, kSampleThreads),
          static_cast<unsigned>(std::min<index_t>(batch, 65535)), 1};
}

// The thread's group.
__device__ inline unsigned sample_group() { return blockIdx.x * kSampleThreads + threadIdx.x; }

}  // namespace poster::kernels
