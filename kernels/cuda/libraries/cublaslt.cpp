#include "kernels/cuda/libraries/cublaslt.h"

namespace poster::kernels {
namespace {

// That of the headers first; what is called here is alike in both.
std::vector<std::string> files() {
  std::vector<std::string> names = {"libcublasLt.so.13", "libcublasLt.so.12"};
  if (CUBLAS_VER_MAJOR < 13) names = {names[1], names[0]};
  return names;
}

}  // namespace

CublasLt::CublasLt()
    : SharedLibrary("cuBLASLt", files(),
                    CUBLAS_VER_MAJOR < 13 ? "CUDA's toolkit or the Python package nvidia-cublas-cu12"
                                          : "CUDA's toolkit or the Python package nvidia-cublas") {}

const CublasLt& cublaslt() {
  static const CublasLt& functions = *new CublasLt;  // never destroyed: queues with handles may live as long
  return functions;
}

}  // namespace poster::kernels
