// The ops' CUDA overloads where there is no CUDA backend. No queue can be made there, so nobody gets here.
#include "kernels/ops.h"

namespace poster::kernels {
namespace {

[[noreturn]] void absent(const char* op) {
  throw CudaError("CUDA: " + std::string(op) + ": this build has no CUDA backend");
}

}  // namespace

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

template <typename T, typename Out>
void matmul(CudaQueue&, const Matmul<T, Out>&) {
  absent("matmul");
}
template void matmul(CudaQueue&, const Matmul<float, float>&);
template void matmul(CudaQueue&, const Matmul<Half, Half>&);
template void matmul(CudaQueue&, const Matmul<Half, float>&);

}  // namespace poster::kernels
