#include "kernels/token_assembly/token_assembly.h"

#include "kernels/cuda/kernel.cuh"
#include "kernels/cuda/sample_grid.cuh"
#include "kernels/cuda/vector.cuh"

namespace poster::kernels {
namespace {

// The level that row `row` >= 1 of a sample comes from, and the element where it begins there in sample 0.
template <typename T>
__device__ T* level_row(T* const (&levels)[3], unsigned row, unsigned tokens, index_t channels) {
  const unsigned level = (row - 1) / tokens;
  T* const start = level == 0 ? levels[0] : level == 1 ? levels[1] : levels[2];
  return start + static_cast<index_t>((row - 1) % tokens) * channels;
}

// Samples that one thread makes, where there are enough: they share the position embedding.
constexpr index_t kSamplesPerThread = 4;

template <int N, typename T>
__global__ void __launch_bounds__(kSampleThreads) token_assembly_kernel(TokenAssembly<T> a) {
  const unsigned group = sample_group(), per_row = static_cast<unsigned>(a.channels) / N;
  const unsigned row = group / per_row, c = group % per_row * N, tokens = static_cast<unsigned>(a.tokens);
  const index_t sample_rows = 1 + 3 * a.tokens;
  if (row >= sample_rows) return;
  const Floats<N> position = load<N>(a.position + row * a.channels + c);
  if (row == 0) {
    Floats<N> sum = load<N>(a.cls + c);
#pragma unroll
    for (int i = 0; i < N; ++i) sum[i] += position[i];
    for (index_t n = blockIdx.y; n < a.batch; n += gridDim.y)
      store<N>(a.y + n * sample_rows * a.channels + c, sum);
    return;
  }
  const T* const x = level_row(a.levels, row, tokens, a.channels) + c;
  for (index_t n = blockIdx.y; n < a.batch; n += gridDim.y) {
    Floats<N> sum = load<N>(x + n * a.tokens * a.channels);
#pragma unroll
    for (int i = 0; i < N; ++i) sum[i] += position[i];
    store<N>(a.y + (n * sample_rows + row) * a.channels + c, sum);
  }
}

// A block makes 32 groups of channels of one row: slice s of it takes samples s, s + kSlices, ... of the
// batch, and the slices' sums are added in order.
constexpr int kLanes = 32, kSlices = 8;
constexpr int kAhead = 4;  // samples whose loads are under way at a time

template <int N>
struct SliceSums {
  float values[kSlices][N][kLanes];
};

template <int N, typename T>
__global__ void __launch_bounds__(kLanes* kSlices)
    token_assembly_backward_kernel(TokenAssemblyBackward<T> a, unsigned tiles) {
  const unsigned row = blockIdx.x / tiles;
  const int lane = static_cast<int>(threadIdx.x), slice = static_cast<int>(threadIdx.y);
  const index_t c = (static_cast<index_t>(blockIdx.x % tiles) * kLanes + lane) * N;
  const index_t sample_rows = 1 + 3 * a.tokens;
  Floats<N> sum{};
  if (c < a.channels) {
    const T* const dy = a.dy + row * a.channels + c;
    T* const dx =
        row == 0 ? nullptr : level_row(a.dlevels, row, static_cast<unsigned>(a.tokens), a.channels) + c;
    for (index_t first = slice; first < a.batch; first += kSlices * kAhead) {
      Floats<N> d[kAhead];
#pragma unroll
      for (int k = 0; k < kAhead; ++k)
        if (first + k * kSlices < a.batch)
          d[k] = load<N>(dy + (first + k * kSlices) * sample_rows * a.channels);
#pragma unroll
      for (int k = 0; k < kAhead; ++k) {
        if (first + k * kSlices >= a.batch) break;
        if (dx) store<N>(dx + (first + k * kSlices) * a.tokens * a.channels, d[k]);
#pragma unroll
        for (int i = 0; i < N; ++i) sum[i] += d[k][i];
      }
    }
  }
  auto& sums = block_shared<SliceSums<N>>().values;
#pragma unroll
  for (int i = 0; i < N; ++i) sums[slice][i][lane] = sum[i];
  __syncthreads();
  if (slice != 0 || c >= a.channels) return;
  for (int s = 1; s < kSlices; ++s)
#pragma unroll
    for (int i = 0; i < N; ++i) sum[i] += sums[s][i][lane];
  store<N>(a.dposition + row * a.channels + c, sum);
  if (row == 0) store<N>(a.dcls + c, sum);
}

template <int N, typename T>
void run_forward(CudaQueue& queue, const TokenAssembly<T>& a) {
  launch(queue, a.name, token_assembly_kernel<N, T>,
         sample_grid((1 + 3 * a.tokens) * a.channels / N, ceil_div(a.batch, kSamplesPerThread)),
         kSampleThreads, 0, a);
}

template <int N, typename T>
void run_backward(CudaQueue& queue, const TokenAssemblyBackward<T>& a) {
  const unsigned tiles = blocks_for(a.channels / N, kLanes);
  launch(queue, a.name, token_assembly_backward_kernel<N, T>, blocks_for((1 + 3 * a.tokens) * tiles, 1),
         dim3(kLanes, kSlices), 0, a, tiles);
}

}  // namespace

template <typename T>
void compute(CudaQueue& queue, const TokenAssembly<T>& a) {
  constexpr int N = kVectorSize<T>;
  if (vectors_fit<N>(a.channels, a.y, a.levels[0], a.levels[1], a.levels[2], a.cls, a.position))
    run_forward<N>(queue, a);
  else
    run_forward<1>(queue, a);
}

template <typename T>
void compute(CudaQueue& queue, const TokenAssemblyBackward<T>& a) {
  constexpr int N = kVectorSize<T>;
  if (vectors_fit<N>(a.channels, a.dy, a.dlevels[0], a.dlevels[1], a.dlevels[2], a.dcls, a.dposition))
    run_backward<N>(queue, a);
  else
    run_backward<1>(queue, a);
}

template struct CudaKernel<TokenAssembly<float>>;
template struct CudaKernel<TokenAssembly<Half>>;
template struct CudaKernel<TokenAssemblyBackward<float>>;
template struct CudaKernel<TokenAssemblyBackward<Half>>;

}  // namespace poster::kernels
