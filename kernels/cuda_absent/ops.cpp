// The ops' CUDA kernels where there is no CUDA backend. No queue can be made there, so nobody gets here.
#include "kernels/ops.h"

#include <array>

namespace poster::kernels {
namespace {

[[noreturn]] void absent(const char* op) {
  throw CudaError("CUDA: " + std::string(op) + ": this build has no CUDA backend");
}

// Their addresses make the compiler define them.
template <typename... Op>
auto kernels(TypeList<Op...>) {
  return std::array{reinterpret_cast<void (*)()>(&CudaKernel<Op>::run)...};
}

}  // namespace

template <OpWithOperands Op>
void CudaKernel<Op>::run(CudaQueue&, const Op&) {
  absent(Op::name);
}
[[gnu::used]] static const auto all_kernels = kernels(CudaOps());

}  // namespace poster::kernels
