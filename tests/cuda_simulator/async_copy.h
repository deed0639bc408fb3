// cp.async: what kernels/cuda/async_copy.cuh calls where there is no nvcc.
#pragma once

namespace cuda_simulator {

// The copy is done no sooner than the thread waits for its group; until then its destination holds NaN bytes.
void copy_async_16(void* to, const void* from, bool wanted);
void close_copy_group();
void wait_for_copies(int pending);

}  // namespace cuda_simulator
