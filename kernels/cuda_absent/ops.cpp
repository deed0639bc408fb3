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

#define POSTER_ABSENT_FLOAT(fn, Args)   \
  template <typename T>                 \
  void fn(CudaQueue&, const Args<T>&) { \
    absent(#fn);                        \
  }                                     \
  template void fn<float>(CudaQueue&, const Args<float>&);
#define POSTER_ABSENT(fn, Args) \
  POSTER_ABSENT_FLOAT(fn, Args) \
  template void fn<Half>(CudaQueue&, const Args<Half>&);

#define POSTER_ABSENT_UNTYPED(fn, Args) \
  void fn(CudaQueue&, const Args&) { absent(#fn); }

POSTER_FOR_EACH_CUDA_OP(POSTER_ABSENT)
POSTER_FOR_EACH_CUDA_OP_FLOAT(POSTER_ABSENT_FLOAT)
POSTER_FOR_EACH_CUDA_OP_UNTYPED(POSTER_ABSENT_UNTYPED)

}  // namespace poster::kernels
