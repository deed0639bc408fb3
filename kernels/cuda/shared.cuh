// Shared memory of a block. Kernels use these two alone, never __shared__: so the simulated GPU tests can fill it
// with NaN before each block and see accesses beyond its end.
#pragma once

#include <type_traits>

#include "kernels/cuda/runtime.h"

namespace poster::kernels {

// The block's one object of type S, uninitialised. All calls with the same S in a kernel give the same
// object, so make a struct for each purpose:
//
//   template <typename T>
//   struct TransposeTile { T values[32][33]; };
//   auto& tile = block_shared<TransposeTile<T>>().values;
template <typename S>
__device__ S& block_shared() {
  static_assert(std::is_trivially_default_constructible_v<S>);
#if defined(__CUDACC__)
  __shared__ S object;
  return object;
#else
  return cuda_simulator::shared_object<S>();
#endif
}

// The `shared_bytes` that the launch asked for, uninitialised and 16-byte aligned.
template <typename T>
__device__ T* dynamic_shared() {
#if defined(__CUDACC__)
  extern __shared__ __align__(16) unsigned char poster_dynamic_shared[];
  return reinterpret_cast<T*>(poster_dynamic_shared);
#else
  return static_cast<T*>(cuda_simulator::dynamic_shared_memory());
#endif
}

}  // namespace poster::kernels
