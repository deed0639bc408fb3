// Copies from global to shared memory that go on while the thread computes. A thread starts copies, closes
// them into a group, and later waits until all but the last `pending` groups are there; other threads see
// them after a barrier that follows the wait.
#pragma once

#include "kernels/cuda/runtime.h"

namespace poster::kernels {

// 16 bytes, both sides aligned to them; zeros when not `wanted` (then `from` is not read).
__device__ inline void copy_async_16(void* shared, const void* from, bool wanted) {
#if defined(__CUDACC__)
  const unsigned address = static_cast<unsigned>(__cvta_generic_to_shared(shared));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(from), "r"(wanted ? 16 : 0)
               : "memory");
#else
  cuda_simulator::copy_async_16(shared, from, wanted);
#endif
}

__device__ inline void close_copy_group() {
#if defined(__CUDACC__)
  asm volatile("cp.async.commit_group;" ::: "memory");
#else
  cuda_simulator::close_copy_group();
#endif
}

template <int pending>
__device__ void wait_for_copies() {
#if defined(__CUDACC__)
  asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
#else
  cuda_simulator::wait_for_copies(pending);
#endif
}

}  // namespace poster::kernels
