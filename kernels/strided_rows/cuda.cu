#include "kernels/strided_rows/strided_rows.h"

#include "kernels/cuda/kernel.cuh"
#include "kernels/cuda/sample_grid.cuh"
#include "kernels/cuda/vector.cuh"

namespace poster::kernels {
namespace {

template <int N, typename T>
__global__ void __launch_bounds__(kSampleThreads) strided_rows_kernel(StridedRows<T> a) {
  const index_t column = static_cast<index_t>(sample_group()) * N;
  if (column >= a.columns) return;
  for (index_t r = blockIdx.y; r < a.rows; r += gridDim.y) {
    T* const out = a.out + r * a.out_stride + column;
    Floats<N> values = load<N>(a.x + r * a.x_stride + column);
    if (a.accumulate) {
      const Floats<N> before = load<N>(out);
#pragma unroll
      for (int i = 0; i < N; ++i) values[i] += before[i];
    }
    store<N>(out, values);
  }
}

template <int N, typename T>
void run_strided_rows(CudaQueue& queue, const StridedRows<T>& a) {
  launch(queue, a.name, strided_rows_kernel<N, T>, sample_grid(a.columns / N, a.rows), kSampleThreads, 0, a);
}

}  // namespace

template <typename T>
void compute(CudaQueue& queue, const StridedRows<T>& a) {
  constexpr int N = kVectorSize<T>;
  if (vectors_fit<N>(a.columns, a.out, a.x) && a.out_stride % N == 0 && a.x_stride % N == 0)
    run_strided_rows<N>(queue, a);
  else
    run_strided_rows<1>(queue, a);
}

template struct CudaKernel<StridedRows<float>>;
template struct CudaKernel<StridedRows<Half>>;

}  // namespace poster::kernels
