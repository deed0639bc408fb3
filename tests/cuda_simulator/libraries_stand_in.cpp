// cuBLASLt and cuDNN have stand-ins, so neither is missing. Weak: tests/cuda_libraries brings what looks for
// them.
#include "kernels/cuda/libraries.h"

namespace poster::kernels {

[[gnu::weak]] std::string libraries_unavailable() { return ""; }

}  // namespace poster::kernels
