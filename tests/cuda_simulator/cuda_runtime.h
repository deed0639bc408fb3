// Stands in for the CUDA runtime's header in programs without a GPU: kernels compile as plain C++ and run on
// the calling thread. For tests alone: it looks for mistakes, and is slow.
//
//   fiber.h          one CUDA thread's stack
//   order.h          in which order threads and blocks run
//   block.h          runs a block: barriers, warps, shared memory, and what goes wrong there
//   collectives.h    __syncthreads, __shfl_sync and kin, warp_exchange
//   async_copy.h     copies to shared memory that a thread waits for later
//   launch.h         grids
//   stream.h         streams, events, graphs
//   scheduler.h      in which order the streams' work runs
//   runtime_api.h    memory, streams, events, graphs: the functions
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "tests/cuda_simulator/vector_types.h"
// Needs the types above.
#include "tests/cuda_simulator/async_copy.h"
#include "tests/cuda_simulator/block.h"
#include "tests/cuda_simulator/collectives.h"
#include "tests/cuda_simulator/device_math.h"
#include "tests/cuda_simulator/launch.h"
#include "tests/cuda_simulator/runtime_api.h"
