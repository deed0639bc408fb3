// Sums and maxima over the lanes of a warp and the threads of a block, for float and double (and integers).
// Every thread gets the same bits; the order of additions is fixed by the block's size. Blocks are multiples
// of 32 threads, up to 1024, of any shape. NaN makes a sum NaN; a maximum ignores it.
#pragma once

#include "kernels/cuda/runtime.h"
#include "kernels/cuda/shared.cuh"

namespace poster::kernels {

inline constexpr unsigned kAllLanes = 0xFFFFFFFFu;

__device__ inline int thread_rank() {
  return static_cast<int>(threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z));
}
__device__ inline int thread_count() { return static_cast<int>(blockDim.x * blockDim.y * blockDim.z); }
__device__ inline int lane_index() { return thread_rank() % 32; }
__device__ inline int warp_index() { return thread_rank() / 32; }

// Over groups of `lanes` neighbouring lanes (a power of two). All 32 lanes of the warp must call.
template <int lanes, typename T>
__device__ T group_sum(T value) {
#pragma unroll
  for (int offset = lanes / 2; offset > 0; offset /= 2) value += __shfl_xor_sync(kAllLanes, value, offset);
  return value;
}
template <int lanes, typename T>
__device__ T group_max(T value) {
#pragma unroll
  for (int offset = lanes / 2; offset > 0; offset /= 2) {
    const T other = __shfl_xor_sync(kAllLanes, value, offset);
    value = other > value || value != value ? other : value;
  }
  return value;
}

template <typename T>
__device__ T warp_sum(T value) {
  return group_sum<32>(value);
}
template <typename T>
__device__ T warp_max(T value) {
  return group_max<32>(value);
}

template <typename T>
struct BlockPartials {
  T values[32];
};

// Puts one value of each warp into the block's memory and gives every lane of every warp one of them, with
// `nothing` on the lanes beyond the last warp. All threads of the block must call.
template <typename T>
__device__ T exchange_warp_values(T value, T nothing) {
  T* const partials = block_shared<BlockPartials<T>>().values;
  __syncthreads();  // an earlier exchange may still be read
  if (lane_index() == 0) partials[warp_index()] = value;
  __syncthreads();
  return lane_index() < thread_count() / 32 ? partials[lane_index()] : nothing;
}

// All threads of the block must call.
template <typename T>
__device__ T block_sum(T value) {
  value = warp_sum(value);
  if (thread_count() == 32) return value;
  return warp_sum(exchange_warp_values(value, T(0)));
}
template <typename T>
__device__ T block_max(T value) {
  value = warp_max(value);
  if (thread_count() == 32) return value;
  return warp_max(exchange_warp_values(value, value));  // a lane too many repeats its warp's maximum
}

}  // namespace poster::kernels
