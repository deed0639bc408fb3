#include "kernels/cuda/libraries.h"
#include "kernels/cuda/libraries/cublaslt.h"
#include "kernels/cuda/libraries/cudnn.h"

namespace poster::kernels {

std::string libraries_unavailable() {
  try {
    cublaslt();
    cudnn();
    return "";
  } catch (const CudaError& error) {
    return error.what();
  }
}

std::string cudnn_version() {
  const std::size_t version = cudnn().cudnnGetVersion();  // 91900
  return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
         std::to_string(version % 100);
}

}  // namespace poster::kernels
