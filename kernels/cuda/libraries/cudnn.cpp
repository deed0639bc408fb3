#include "kernels/cuda/libraries/cudnn.h"

#include <cublasLt.h>

namespace poster::kernels {

Cudnn::Cudnn()
    : SharedLibrary("cuDNN", {"libcudnn.so.9"},
                    CUBLAS_VER_MAJOR < 13 ? "cuDNN 9 or the Python package nvidia-cudnn-cu12"
                                          : "cuDNN 9 or the Python package nvidia-cudnn-cu13") {}

const Cudnn& cudnn() {
  static const Cudnn& functions = *new Cudnn;  // never destroyed: queues with handles may live as long
  return functions;
}

}  // namespace poster::kernels
