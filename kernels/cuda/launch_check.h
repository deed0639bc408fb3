// What launch() checks, apart from it: plain C++ that no kernel is needed for.
#pragma once

#include <cstddef>
#include <source_location>

#include "kernels/cuda/runtime.h"
#include "kernels/cuda_queue.h"

namespace poster::kernels {

// The name of an operation and the place that asks for it, for messages: a string literal converts.
struct LaunchName {
  LaunchName(const char* name, const std::source_location& place = std::source_location::current())
      : op(name), at(place) {}
  const char* op;
  std::source_location at;
};

// Blocks of `per_block` items for `count` items, for a grid's x. Throws CudaError over 2^31 - 1.
unsigned blocks_for(index_t count, index_t per_block);

// Throws CudaError, naming op and place, unless a device of compute capability 8.0 or higher takes the shape:
// block a multiple of 32 up to 1024, shared memory up to 227 KB, grid up to 2^31 - 1, 65535, 65535.
void check_launch_shape(const LaunchName& name, dim3 grid, dim3 block, std::size_t shared_bytes);

// Throws CudaError unless `asked`, the answer to asking for that much dynamic shared memory, is success: on
// devices with less than it a launch would fail as an "invalid argument".
void check_shared_memory(CudaQueue& queue, const LaunchName& name, dim3 grid, dim3 block,
                         std::size_t shared_bytes, cudaError_t asked);

// Throws CudaError when the kernel that was just launched did not start. With POSTER_CUDA_SYNC=1 in the
// environment also waits for it, and throws when it failed.
void check_launch(CudaQueue& queue, const LaunchName& name, dim3 grid, dim3 block, std::size_t shared_bytes);
// The same for what a library has launched.
void check_library_call(CudaQueue& queue, const LaunchName& name);

// What would be launched, or called, while the queue is planning: for its observer.
void note_launch(CudaQueue& queue, const LaunchName& name, dim3 grid, dim3 block, std::size_t shared_bytes);
void note_library_call(CudaQueue& queue, const LaunchName& library);

// Whether what is put on the queue goes to a graph.
bool capturing(CudaQueue& queue);

}  // namespace poster::kernels
