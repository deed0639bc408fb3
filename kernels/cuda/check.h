// Checks of CUDA runtime calls.
#pragma once

#include <source_location>

#include "kernels/cuda/runtime.h"
#include "kernels/cuda_queue.h"

namespace poster::kernels {

// Throws CudaError naming the statement, the error, the device and the place, unless `error` is success.
void cuda_check(cudaError_t error, const char* statement,
                const std::source_location& at = std::source_location::current());

}  // namespace poster::kernels

// POSTER_CUDA_CHECK(cudaStreamSynchronize(stream));
#define POSTER_CUDA_CHECK(statement) ::poster::kernels::cuda_check((statement), #statement)
