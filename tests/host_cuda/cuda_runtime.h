// Stands in for the CUDA runtime's header in programs without a GPU: kernels compile as plain C++ and run on
// the calling thread. For tests alone: it looks for mistakes, and is slow.
//
//   fiber.h          one CUDA thread's stack
//   order.h          in which order threads and blocks run
//   block.h          runs a block: barriers, warps, shared memory, and what goes wrong there
//   collectives.h    __syncthreads, __shfl_sync and kin, warp_exchange
//   async_copy.h     copies to shared memory that a thread waits for later
//   launch.h         grids
//   runtime_api.h    memory, streams, events, graphs
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "tests/host_cuda/vector_types.h"
// Needs the types above.
#include "tests/host_cuda/async_copy.h"
#include "tests/host_cuda/block.h"
#include "tests/host_cuda/collectives.h"
#include "tests/host_cuda/device_math.h"
#include "tests/host_cuda/launch.h"
#include "tests/host_cuda/runtime_api.h"
