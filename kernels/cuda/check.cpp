#include "kernels/cuda/check.h"

#include <string>

namespace poster::kernels {

void cuda_check(cudaError_t error, const char* statement, const std::source_location& at) {
  if (error == cudaSuccess) return;
  int device = -1;
  cudaGetDevice(&device);
  cudaGetLastError();  // an error that is not sticky must not show up in the next check
  throw CudaError("CUDA: " + std::string(cudaGetErrorString(error)) + " (" + cudaGetErrorName(error) +
                  ") in " + statement + ", device " + std::to_string(device) + ", " + at.file_name() + ":" +
                  std::to_string(at.line()));
}

}  // namespace poster::kernels
