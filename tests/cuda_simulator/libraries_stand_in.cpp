// cuBLASLt and cuDNN have stand-ins, so neither is missing. Weak: tests/cuda_libraries brings what looks for
// them.
#include "kernels/cuda/libraries.h"

namespace poster::kernels {

[[gnu::weak]] std::string libraries_unavailable() { return ""; }
[[gnu::weak]] std::string cudnn_version() { return "0.0.0"; }

}  // namespace poster::kernels
