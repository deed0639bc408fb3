// Rows of up to 1024 columns are held in the registers of a group of lanes and read once. Longer ones are
// taken by a block a row, and read three times.
//
// Tiling in 16 bits: 8 lanes for up to 64 columns, 16 for 128, 32 beyond, of up to 4 vectors of 8; a block of 256
// threads has 32, 16 or 8 rows in hand. Forward moves 2 maps (x, y), 3 with a mask, and a bias of bias_rows rows,
// which stays in the L2 cache; backward 3 (y, dy, dx). Memory decides: of 50,000 rows of 784 forward moves 157 MB,
// 39 us at 4 TB/s and 2.2 us for the launch, 0.95 of the ceiling (an estimate, until a GPU measures it). The
// networks here don't call it: their attention has its own, over tiles (kernels/attention/forward.cuh).
#include "kernels/softmax/softmax.h"

#include <cmath>

#include "kernels/cuda/divider.cuh"
#include "kernels/cuda/kernel.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/vector.cuh"

namespace poster::kernels {
namespace {

constexpr int kThreads = 256;
constexpr index_t kMaxColumns = 1024;

// A row lies in kLanes lanes: lane l holds the vectors of N elements l, l + kLanes, ... up to kChunks of
// them.
template <int N, int kLanes, int kChunks>
struct Split {
  static constexpr int kSlots = kThreads / kLanes;  // rows that a block has in hand
};

template <int N, typename F>
void with_split(index_t columns, F f) {
  const index_t vectors = ceil_div(columns, N);
  if (vectors <= 8) return f(Split<N, 8, 1>());
  if (vectors <= 16) return f(Split<N, 16, 1>());
  if (vectors <= 32) return f(Split<N, 32, 1>());
  if (vectors <= 64) return f(Split<N, 32, 2>());
  if (vectors <= 128) return f(Split<N, 32, 4>());
  if constexpr (N <= 4) {
    if (vectors <= 256) return f(Split<N, 32, 8>());
  }
  if constexpr (N == 1) {
    if (vectors <= 512) return f(Split<N, 32, 16>());
    return f(Split<N, 32, 32>());
  }
}

// The logits of the elements c ... c + N of a row.
template <int N, typename T>
__device__ Floats<N> logits(const SoftmaxForward<T>& a, const Divider& bias_rows, index_t row, index_t c) {
  Floats<N> s = load<N>(a.x + row * a.columns + c);
  const float scale = static_cast<float>(a.scale);
#pragma unroll
  for (int i = 0; i < N; ++i) s[i] *= scale;
  if (a.bias) {
    const Floats<N> bias = load<N>(a.bias + bias_rows.remainder(row) * a.columns + c);
#pragma unroll
    for (int i = 0; i < N; ++i) s[i] += bias[i];
  }
  if (a.mask) {
    const Floats<N> mask = load<N>(a.mask + row * a.columns + c);
#pragma unroll
    for (int i = 0; i < N; ++i) s[i] = mask[i] != 0 ? s[i] : -INFINITY;
  }
  return s;
}

// Maxima pass over a NaN: the sum finds it. So it does a row with nothing left, where -inf - -inf is NaN.
template <typename T, int N, int kLanes, int kChunks>
__global__ void __launch_bounds__(kThreads) forward_rows(SoftmaxForward<T> a, Divider bias_rows) {
  const int columns = static_cast<int>(a.columns), lane = threadIdx.x % kLanes;
  const index_t row = static_cast<index_t>(blockIdx.x) * (kThreads / kLanes) + threadIdx.x / kLanes;
  const bool has_row = row < a.rows;  // lanes without one take part all the same
  Floats<N> s[kChunks]{};
  float most = -INFINITY;
#pragma unroll
  for (int k = 0; k < kChunks; ++k) {
    const int c = (k * kLanes + lane) * N;
    if (!has_row || c >= columns) continue;
    s[k] = logits<N>(a, bias_rows, row, c);
#pragma unroll
    for (int i = 0; i < N; ++i) most = s[k][i] > most ? s[k][i] : most;
  }
  most = group_max<kLanes>(most);
  float sum = 0;
#pragma unroll
  for (int k = 0; k < kChunks; ++k) {
    if (!has_row || (k * kLanes + lane) * N >= columns) continue;
#pragma unroll
    for (int i = 0; i < N; ++i) {
      s[k][i] = expf(s[k][i] - most);
      sum += s[k][i];
    }
  }
  const float inverse = 1 / group_sum<kLanes>(sum);
  if (!has_row) return;
#pragma unroll
  for (int k = 0; k < kChunks; ++k) {
    const int c = (k * kLanes + lane) * N;
    if (c >= columns) continue;
#pragma unroll
    for (int i = 0; i < N; ++i) s[k][i] *= inverse;
    store(a.y + row * columns + c, s[k]);
  }
}

template <typename T>
__global__ void __launch_bounds__(kThreads) forward_any(SoftmaxForward<T> a, Divider bias_rows) {
  const index_t row = blockIdx.x;
  float most = -INFINITY;
  for (index_t c = threadIdx.x; c < a.columns; c += kThreads) {
    const float s = logits<1>(a, bias_rows, row, c)[0];
    most = s > most ? s : most;
  }
  most = block_max(most);
  float sum = 0;
  for (index_t c = threadIdx.x; c < a.columns; c += kThreads)
    sum += expf(logits<1>(a, bias_rows, row, c)[0] - most);
  const float inverse = 1 / block_sum(sum);
  for (index_t c = threadIdx.x; c < a.columns; c += kThreads)
    a.y[row * a.columns + c] = from_float<T>(expf(logits<1>(a, bias_rows, row, c)[0] - most) * inverse);
}

template <typename T, int N, int kLanes, int kChunks>
__global__ void __launch_bounds__(kThreads) backward_rows(SoftmaxBackward<T> a) {
  const int columns = static_cast<int>(a.columns), lane = threadIdx.x % kLanes;
  const float scale = static_cast<float>(a.scale);
  const index_t row = static_cast<index_t>(blockIdx.x) * (kThreads / kLanes) + threadIdx.x / kLanes;
  const bool has_row = row < a.rows;
  Floats<N> y[kChunks]{}, d[kChunks]{};
  float sum = 0;
#pragma unroll
  for (int k = 0; k < kChunks; ++k) {
    const int c = (k * kLanes + lane) * N;
    if (!has_row || c >= columns) continue;
    y[k] = load<N>(a.y + row * columns + c);
    d[k] = load<N>(a.dy + row * columns + c);
#pragma unroll
    for (int i = 0; i < N; ++i) sum += y[k][i] * d[k][i];
  }
  sum = group_sum<kLanes>(sum);
  if (!has_row) return;
#pragma unroll
  for (int k = 0; k < kChunks; ++k) {
    const int c = (k * kLanes + lane) * N;
    if (c >= columns) continue;
#pragma unroll
    for (int i = 0; i < N; ++i) d[k][i] = scale * y[k][i] * (d[k][i] - sum);
    store(a.dx + row * columns + c, d[k]);
  }
}

template <typename T>
__global__ void __launch_bounds__(kThreads) backward_any(SoftmaxBackward<T> a) {
  const index_t first = blockIdx.x * a.columns;
  const float scale = static_cast<float>(a.scale);
  const T *const y = a.y + first, *const dy = a.dy + first;
  float sum = 0;
  for (index_t c = threadIdx.x; c < a.columns; c += kThreads) sum += to_float(y[c]) * to_float(dy[c]);
  sum = block_sum(sum);
  for (index_t c = threadIdx.x; c < a.columns; c += kThreads)
    a.dx[first + c] = from_float<T>(scale * to_float(y[c]) * (to_float(dy[c]) - sum));
}

}  // namespace

template <typename T>
void compute(CudaQueue& queue, const SoftmaxForward<T>& a) {
  constexpr int N = kVectorSize<T>;
  if (a.columns > kMaxColumns)
    return launch(queue, a.name, forward_any<T>, blocks_for(a.rows, 1), kThreads, 0, a, Divider(a.bias_rows));
  const auto run = [&]<int M, int kLanes, int kChunks>(Split<M, kLanes, kChunks> split) {
    launch(queue, a.name, forward_rows<T, M, kLanes, kChunks>, blocks_for(a.rows, split.kSlots), kThreads, 0,
           a, Divider(a.bias_rows));
  };
  if (vectors_fit<N>(a.columns, a.y, a.x) && vectors_fit<N>(a.columns, a.bias) &&
      vectors_fit<N>(a.columns, a.mask))
    with_split<N>(a.columns, run);
  else
    with_split<1>(a.columns, run);
}

template <typename T>
void compute(CudaQueue& queue, const SoftmaxBackward<T>& a) {
  constexpr int N = kVectorSize<T>;
  if (a.columns > kMaxColumns)
    return launch(queue, a.name, backward_any<T>, blocks_for(a.rows, 1), kThreads, 0, a);
  const auto run = [&]<int M, int kLanes, int kChunks>(Split<M, kLanes, kChunks> split) {
    launch(queue, a.name, backward_rows<T, M, kLanes, kChunks>, blocks_for(a.rows, split.kSlots), kThreads, 0,
           a);
  };
  if (vectors_fit<N>(a.columns, a.dx, a.dy, a.y))
    with_split<N>(a.columns, run);
  else
    with_split<1>(a.columns, run);
}

template struct CudaKernel<SoftmaxForward<float>>;
template struct CudaKernel<SoftmaxForward<Half>>;
template struct CudaKernel<SoftmaxBackward<float>>;
template struct CudaKernel<SoftmaxBackward<Half>>;

}  // namespace poster::kernels
