// One pass over flat arrays: a thread takes four neighbouring elements at a time, 16 bytes of a float array.
#pragma once

#include <algorithm>

#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/vector.cuh"

namespace poster::kernels {

inline constexpr int kFlatThreads = 256;

// Elements [at, at + 4), or what lies before `count` of them; `vectors`: the array is aligned to four
// elements.
template <bool vectors, typename T>
__device__ Floats<4> load_four(const T* x, index_t at, index_t count) {
  if (vectors && at + 4 <= count) return load<4>(x + at);
  Floats<4> values{};
#pragma unroll
  for (int i = 0; i < 4; ++i)
    if (at + i < count) values[i] = to_float(x[at + i]);
  return values;
}
template <bool vectors, typename T>
__device__ void store_four(T* x, index_t at, index_t count, const Floats<4>& values) {
  if (vectors && at + 4 <= count) return store<4>(x + at, values);
#pragma unroll
  for (int i = 0; i < 4; ++i)
    if (at + i < count) x[at + i] = from_float<T>(values[i]);
}

// Blocks for elementwise kernels that step through the array with the whole grid, four elements a thread:
//
//   for (index_t at = first_of_four(); at < count; at += step_of_four()) ...
inline unsigned flat_blocks(CudaQueue& queue, index_t count) {
  constexpr index_t kPerMultiprocessor = 8;
  return static_cast<unsigned>(std::min<index_t>((count + 4 * kFlatThreads - 1) / (4 * kFlatThreads),
                                                 kPerMultiprocessor * queue.multiprocessors()));
}
__device__ inline index_t first_of_four() {
  return 4 * (static_cast<index_t>(blockIdx.x) * kFlatThreads + threadIdx.x);
}
__device__ inline index_t step_of_four() { return 4 * static_cast<index_t>(gridDim.x) * kFlatThreads; }

}  // namespace poster::kernels
