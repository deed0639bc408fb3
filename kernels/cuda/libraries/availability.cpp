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

}  // namespace poster::kernels
