// The one function that starts CUDA kernels.
#pragma once

#include <cstddef>

#include "kernels/cuda/launch_check.h"
#include "kernels/cuda/runtime.h"
#include "kernels/cuda_queue.h"
#include "kernels/nvtx_range.h"

namespace poster::kernels {

// Runs kernel(arguments...) in `grid` blocks of `block` threads, with `shared_bytes` of dynamic shared memory
// (dynamic_shared() in kernels/cuda/shared.cuh), in the queue's order. Does nothing for an empty grid, and
// checks alone while the queue is planning. Profilers show a range of the op's name.
//
//   launch(queue, "gelu_forward", gelu_forward_kernel<T>, blocks_for(n, 256), 256, 0, a);
template <typename... Parameters, typename... Arguments>
void launch(CudaQueue& queue, const LaunchName& name, void (*kernel)(Parameters...), dim3 grid, dim3 block,
            std::size_t shared_bytes, const Arguments&... arguments) {
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return;
  check_launch_shape(name, grid, block, shared_bytes);
  if (queue.planning()) return note_launch(queue, name, grid, block, shared_bytes);
  const NvtxRange range(name.op);
  // Static and dynamic shared memory of more than 48 KB together must be asked for.
  constexpr std::size_t kWithoutAsking = 32 * 1024;
  if (shared_bytes > kWithoutAsking)
    check_shared_memory(queue, name, grid, block, shared_bytes,
                        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                             static_cast<int>(shared_bytes)));
#if defined(__CUDACC__)
  kernel<<<grid, block, shared_bytes, queue.stream()>>>(arguments...);
#else
  cuda_simulator::launch(queue.stream(), name.op, name.at, kernel, grid, block, shared_bytes, arguments...);
#endif
  check_launch(queue, name, grid, block, shared_bytes);
}

}  // namespace poster::kernels
