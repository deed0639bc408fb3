#include "kernels/cuda/kernel.cuh"
#include "kernels/cuda/vector.cuh"
#include "kernels/window_attention/window_attention.h"

namespace poster::kernels {
namespace {

// A window's row is a run of window channels elements in both layouts. Block y takes rows of windows, each in
// parts of N elements.
template <typename T, int N>
__global__ void __launch_bounds__(256)
    window_partition_kernel(WindowPartition<T> a, unsigned run, unsigned parts) {
  const unsigned part = blockIdx.x * 256 + threadIdx.x;
  if (part >= parts) return;
  const unsigned window = static_cast<unsigned>(a.window), columns = static_cast<unsigned>(a.columns);
  const unsigned r = part / run, within = part % run;  // of the map
  const unsigned row = r / columns, column = r % columns;
  const unsigned in_windows = (column * window + row) * run + within;
  const unsigned from = a.reverse ? in_windows : part, to = a.reverse ? part : in_windows;
  for (index_t y = blockIdx.y; y < a.batch * a.rows; y += gridDim.y) {
    const index_t base = y * parts;
    store<N>(a.out + (base + to) * N, load<N>(a.x + (base + from) * N));
  }
}

template <int N, typename T>
void launch_partition(CudaQueue& queue, const WindowPartition<T>& a) {
  const index_t run = a.window * a.channels / N, parts = run * a.window * a.columns;
  if (parts > 0x7FFFFFFF)
    throw CudaError("CUDA: window_partition: a row of windows of " + std::to_string(parts * N) +
                    " elements is too large");
  const index_t rows = a.batch * a.rows;
  launch(queue, a.name, window_partition_kernel<T, N>,
         dim3(blocks_for(parts, 256), static_cast<unsigned>(rows < 65535 ? rows : 65535)), 256, 0, a,
         static_cast<unsigned>(run), static_cast<unsigned>(parts));
}

}  // namespace

template <typename T>
void compute(CudaQueue& queue, const WindowPartition<T>& a) {
  if (vectors_fit<kVectorSize<T>>(a.window * a.channels, a.out, a.x))
    launch_partition<kVectorSize<T>>(queue, a);
  else
    launch_partition<1>(queue, a);
}

template struct CudaKernel<WindowPartition<float>>;
template struct CudaKernel<WindowPartition<Half>>;

}  // namespace poster::kernels
