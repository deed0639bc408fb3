#include "kernels/conv2d/widen.h"

#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/vector.cuh"

namespace poster::kernels {
namespace {

constexpr int kThreads = 256;

// A thread takes N neighbouring elements, and the first ones of the grid one more each of what is left over.
template <int N>
__global__ void __launch_bounds__(kThreads) widen_kernel(Widen a) {
  const index_t i = static_cast<index_t>(blockIdx.x) * kThreads + threadIdx.x;
  const index_t vectors = a.count / N;
  if (i < vectors) store<N>(a.y + i * N, load<N>(a.x + i * N));
  if (i < a.count - vectors * N) a.y[vectors * N + i] = to_float(a.x[vectors * N + i]);
}

template <int N>
void start(CudaQueue& queue, const Widen& a) {
  launch(queue, "widen", widen_kernel<N>, blocks_for(ceil_div(a.count, N), kThreads), kThreads, 0, a);
}

}  // namespace

void widen(CudaQueue& queue, const Widen& a) {
  constexpr int N = kVectorSize<Half>;
  if (vectors_fit<N>(0, a.y, a.x))
    start<N>(queue, a);
  else
    start<1>(queue, a);
}

}  // namespace poster::kernels
