#include "kernels/matmul/bias_rows.h"

#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/vector.cuh"

namespace poster::kernels {
namespace {

constexpr int kThreads = 256;

// A thread takes N neighbouring elements of a row.
template <int N, typename T, typename B>
__global__ void __launch_bounds__(kThreads) bias_rows_kernel(BiasRows<T, B> a) {
  const index_t i = static_cast<index_t>(blockIdx.x) * kThreads + threadIdx.x;
  const index_t per_row = a.columns / N;
  const index_t row = i / per_row, column = i % per_row * N;
  if (row >= a.rows) return;
  T* const y = a.y + row * a.y_stride + column;
  Floats<N> values{};
  if (a.add) values = load<N>(y);
  if (a.bias) {
    const Floats<N> bias = load<N>(a.bias + column);
#pragma unroll
    for (int e = 0; e < N; ++e) values[e] += bias[e];
  }
  store<N>(y, values);
}

template <int N, typename T, typename B>
void start(CudaQueue& queue, const BiasRows<T, B>& a) {
  launch(queue, "bias_rows", bias_rows_kernel<N, T, B>, blocks_for(a.rows * (a.columns / N), kThreads),
         kThreads, 0, a);
}

}  // namespace

template <typename T, typename B>
void bias_rows(CudaQueue& queue, const BiasRows<T, B>& a) {
  if (a.add && !a.bias) return;
  constexpr int N = kVectorSize<T>;
  if (vectors_fit<N>(a.columns, a.y) && vectors_fit<N>(a.y_stride, a.bias))
    start<N>(queue, a);
  else
    start<1>(queue, a);
}

template void bias_rows(CudaQueue&, const BiasRows<float, float>&);
template void bias_rows(CudaQueue&, const BiasRows<Half, Half>&);
template void bias_rows(CudaQueue&, const BiasRows<float, Half>&);

}  // namespace poster::kernels
