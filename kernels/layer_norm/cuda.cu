// Rows of up to 1024 columns that 16-byte accesses fit are held in the registers of a group of lanes and read
// once. Any other size is taken by a block a row, element by element.
//
// Tiling in 16 bits: 64 columns lie in 8 lanes, 128 in 16, 256 in 32, 768 in 32 lanes of 3 vectors; a block of
// 256 threads has 32, 16, 8 or 8 rows in hand. Forward moves 2 maps (x, y) and 8 bytes a row, backward 3 (dy, x,
// dx) or 4 (dx_add), and up to 528 blocks leave a partial sum of 8 bytes a column, which the last of them
// read again. Memory decides. Expected share of the ceiling: bytes / 4 TB/s over that and 2.2 us for the launch: of
// the transformer's 9472 x 768 forward 29 MB, 7 us, 0.77; backward 44 MB (58 with dx_add), 0.72 with the last
// blocks' sums. Rows of 64 columns at 7x7 tokens are launches, not traffic. (Estimates, until a GPU measures them.)
#include "kernels/cuda/divider.cuh"
#include "kernels/cuda/kernel.cuh"
#include "kernels/cuda/partial_sums.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/vector.cuh"
#include "kernels/layer_norm/layer_norm.h"

namespace poster::kernels {
namespace {

constexpr int kThreads = 256;
constexpr index_t kMaxColumns = 1024;

// A row lies in kLanes lanes: lane l holds the vectors l, l + kLanes, ... up to kChunks of them.
template <int kLanes, int kChunks>
struct Split {
  static constexpr int kSlots = kThreads / kLanes;  // rows that a block has in hand
};

// Calls f with the split for rows of `columns` in vectors of N.
template <int N, typename F>
void with_split(index_t columns, F f) {
  const index_t vectors = columns / N, chunks = ceil_div(vectors, 32);
  if (vectors <= 8) return f(Split<8, 1>());
  if (vectors <= 16) return f(Split<16, 1>());
  if (chunks <= 1) return f(Split<32, 1>());
  if (chunks <= 2) return f(Split<32, 2>());
  if (chunks <= 3) return f(Split<32, 3>());
  if (chunks <= 4) return f(Split<32, 4>());
  if constexpr (kMaxColumns > 4 * 32 * N) return chunks <= 6 ? f(Split<32, 6>()) : f(Split<32, 8>());
}

// Where forward gets N elements of a row from: memory.
template <typename T>
struct Stored {
  template <int N>
  __device__ Floats<N> get(index_t row, index_t c) const {
    return load<N>(a.x + row * a.columns + c);
  }
  LayerNormForward<T> a;
};

// The end of a residual branch, which is written, too.
template <typename T>
struct Summed {
  template <int N>
  __device__ Floats<N> get(index_t row, index_t c) const {
    const index_t at = row * a.columns + c;
    Floats<N> sum = load<N>(a.x + at), f = load<N>(a.f + at);
    const float keep = a.keep ? a.keep[samples.quotient(row)] : 1;
    if (a.scale) {
      const Floats<N> scale = load<N>(a.scale + c);
#pragma unroll
      for (int i = 0; i < N; ++i) f[i] *= scale[i];
    }
#pragma unroll
    for (int i = 0; i < N; ++i) sum[i] = to_float(from_float<T>(sum[i] + keep * f[i]));
    store(a.sum + at, sum);
    return sum;
  }
  LayerNormForwardOfSum<T> a;
  Divider samples{a.rows};
};

template <typename T, typename Source, int kLanes, int kChunks>
__global__ void __launch_bounds__(kThreads) forward_rows(LayerNormForward<T> a, Source source) {
  constexpr int N = kVectorSize<T>;
  const int columns = static_cast<int>(a.columns), lane = threadIdx.x % kLanes;
  const index_t row = static_cast<index_t>(blockIdx.x) * (kThreads / kLanes) + threadIdx.x / kLanes;
  const bool has_row = row < a.rows;  // lanes without one take part in the sums all the same
  Floats<N> x[kChunks];
  float sum = 0;
#pragma unroll
  for (int k = 0; k < kChunks; ++k) {
    const int c = (k * kLanes + lane) * N;
    if (!has_row || c >= columns) continue;
    x[k] = source.template get<N>(row, c);
#pragma unroll
    for (int i = 0; i < N; ++i) sum += x[k][i];
  }
  const float mean = group_sum<kLanes>(sum) / static_cast<float>(columns);
  float squares = 0;
#pragma unroll
  for (int k = 0; k < kChunks; ++k) {
    if (!has_row || (k * kLanes + lane) * N >= columns) continue;
#pragma unroll
    for (int i = 0; i < N; ++i) squares += (x[k][i] - mean) * (x[k][i] - mean);
  }
  const float variance = group_sum<kLanes>(squares) / static_cast<float>(columns);
  const float rstd = 1 / sqrtf(variance + static_cast<float>(a.eps));
  if (!has_row) return;
#pragma unroll
  for (int k = 0; k < kChunks; ++k) {
    const int c = (k * kLanes + lane) * N;
    if (c >= columns) continue;
    const Floats<N> gamma = load<N>(a.gamma + c), beta = load<N>(a.beta + c);
#pragma unroll
    for (int i = 0; i < N; ++i) x[k][i] = (x[k][i] - mean) * rstd * gamma[i] + beta[i];
    store(a.y + row * columns + c, x[k]);
  }
  if (a.mean && lane == 0) {
    a.mean[row] = mean;
    a.rstd[row] = rstd;
  }
}

template <typename T, typename Source>
__global__ void __launch_bounds__(kThreads) forward_any(LayerNormForward<T> a, Source source) {
  const index_t row = blockIdx.x;
  const T* const x = a.x + row * a.columns;
  T* const y = a.y + row * a.columns;
  float sum = 0;
  for (index_t c = threadIdx.x; c < a.columns; c += kThreads) sum += source.template get<1>(row, c)[0];
  const float mean = block_sum(sum) / static_cast<float>(a.columns);
  float squares = 0;
  for (index_t c = threadIdx.x; c < a.columns; c += kThreads)
    squares += (to_float(x[c]) - mean) * (to_float(x[c]) - mean);
  const float variance = block_sum(squares) / static_cast<float>(a.columns);
  const float rstd = 1 / sqrtf(variance + static_cast<float>(a.eps));
  for (index_t c = threadIdx.x; c < a.columns; c += kThreads)
    y[c] = from_float<T>((to_float(x[c]) - mean) * rstd * a.gamma[c] + a.beta[c]);
  if (a.mean && threadIdx.x == 0) {
    a.mean[row] = mean;
    a.rstd[row] = rstd;
  }
}

template <typename T, typename Source>
void forward(CudaQueue& queue, const LaunchName& name, const LayerNormForward<T>& a, const Source& source,
             bool vectors) {
  if (a.columns > kMaxColumns || !vectors)
    return launch(queue, name, forward_any<T, Source>, blocks_for(a.rows, 1), kThreads, 0, a, source);
  with_split<kVectorSize<T>>(a.columns, [&]<int kLanes, int kChunks>(Split<kLanes, kChunks> split) {
    launch(queue, name, forward_rows<T, Source, kLanes, kChunks>, blocks_for(a.rows, split.kSlots), kThreads,
           0, a, source);
  });
}

// Blocks of the backward pass; each takes a share of the rows, of which partials[block] = {dgamma, dbeta}.
index_t backward_parts(index_t rows) {
  constexpr index_t kMaxParts = 528;  // four blocks for each multiprocessor of a large device
  const index_t parts = ceil_div(rows, 16);
  return parts < 1 ? 1 : parts < kMaxParts ? parts : kMaxParts;
}

struct Rows {
  index_t begin, end;
};
__device__ Rows rows_of_block(index_t rows) {
  const index_t share = ceil_div(rows, gridDim.x), begin = blockIdx.x * share;
  return {begin, begin + share < rows ? begin + share : rows};
}

__device__ void finish_parameter_sums(const PartialSums& sums) {
  finish_sums(sums, blockIdx.x, 0, static_cast<int>(2 * sums.columns), [](int i) { return i; });
}

// sums[c] = the sum of the slots' values of column c, in slots' order.
template <int kLanes, int N, int kChunks>
__device__ void sum_over_slots(float* sums, const Floats<N> (&values)[kChunks], int columns) {
  constexpr int kSlots = kThreads / kLanes;
  float* const rows = dynamic_shared<float>();  // [kSlots, columns]
  __syncthreads();                              // an earlier sum may still be read
#pragma unroll
  for (int k = 0; k < kChunks; ++k) {
    const int c = (k * kLanes + static_cast<int>(threadIdx.x) % kLanes) * N;
    if (c < columns) store(rows + threadIdx.x / kLanes * columns + c, values[k]);
  }
  __syncthreads();
  for (int c = threadIdx.x; c < columns; c += kThreads) {
    float sum = 0;
    for (int s = 0; s < kSlots; ++s) sum += rows[s * columns + c];
    sums[c] = sum;
  }
}

// With h = (x - mean) rstd and g = gamma dy: dx = rstd (g - mean(g) - h mean(g h)).
template <typename T, int kLanes, int kChunks>
__global__ void __launch_bounds__(kThreads, kVectorSize<T>* kChunks <= 24 ? 2 : 1)
    backward_rows(LayerNormBackward<T> a, PartialSums sums) {
  constexpr int N = kVectorSize<T>, kSlots = kThreads / kLanes;
  const int columns = static_cast<int>(a.columns), lane = threadIdx.x % kLanes, slot = threadIdx.x / kLanes;
  const Rows rows = rows_of_block(a.rows);
  Floats<N> dgamma[kChunks] = {}, dbeta[kChunks] = {};
  for (index_t first = rows.begin; first < rows.end; first += kSlots) {
    const index_t row = first + slot;
    const bool has_row = row < rows.end;
    const float mean = has_row ? a.mean[row] : 0, rstd = has_row ? a.rstd[row] : 0;
    Floats<N> h[kChunks], g[kChunks];
    float sum_g = 0, sum_gh = 0;
#pragma unroll
    for (int k = 0; k < kChunks; ++k) {
      const int c = (k * kLanes + lane) * N;
      if (!has_row || c >= columns) continue;
      const Floats<N> dy = load<N>(a.dy + row * columns + c), gamma = load<N>(a.gamma + c);
      h[k] = load<N>(a.x + row * columns + c);
#pragma unroll
      for (int i = 0; i < N; ++i) {
        h[k][i] = (h[k][i] - mean) * rstd;
        g[k][i] = dy[i] * gamma[i];
        dgamma[k][i] += dy[i] * h[k][i];
        dbeta[k][i] += dy[i];
        sum_g += g[k][i];
        sum_gh += g[k][i] * h[k][i];
      }
    }
    const float mean_g = group_sum<kLanes>(sum_g) / static_cast<float>(columns);
    const float mean_gh = group_sum<kLanes>(sum_gh) / static_cast<float>(columns);
#pragma unroll
    for (int k = 0; k < kChunks; ++k) {
      const int c = (k * kLanes + lane) * N;
      if (!has_row || c >= columns) continue;
#pragma unroll
      for (int i = 0; i < N; ++i) g[k][i] = rstd * (g[k][i] - mean_g - h[k][i] * mean_gh);
      if (a.dx_add) {
        const Floats<N> add = load<N>(a.dx_add + row * columns + c);
#pragma unroll
        for (int i = 0; i < N; ++i) g[k][i] += add[i];
      }
      store(a.dx + row * columns + c, g[k]);
    }
  }
  float* const partial = sums.partials + static_cast<index_t>(blockIdx.x) * 2 * columns;
  sum_over_slots<kLanes>(partial, dgamma, columns);
  sum_over_slots<kLanes>(partial + columns, dbeta, columns);
  finish_parameter_sums(sums);
}

template <typename T>
__global__ void __launch_bounds__(kThreads) backward_any(LayerNormBackward<T> a, PartialSums sums) {
  const Rows rows = rows_of_block(a.rows);
  float* const dgamma = sums.partials + blockIdx.x * 2 * a.columns;  // each thread adds to its own columns
  float* const dbeta = dgamma + a.columns;
  for (index_t c = threadIdx.x; c < a.columns; c += kThreads) dgamma[c] = dbeta[c] = 0;
  for (index_t row = rows.begin; row < rows.end; ++row) {
    const T *const x = a.x + row * a.columns, *const dy = a.dy + row * a.columns;
    const T* const add = a.dx_add ? a.dx_add + row * a.columns : nullptr;
    T* const dx = a.dx + row * a.columns;
    const float mean = a.mean[row], rstd = a.rstd[row];
    float sum_g = 0, sum_gh = 0;
    for (index_t c = threadIdx.x; c < a.columns; c += kThreads) {
      const float d = to_float(dy[c]), h = (to_float(x[c]) - mean) * rstd, g = d * a.gamma[c];
      dgamma[c] += d * h;
      dbeta[c] += d;
      sum_g += g;
      sum_gh += g * h;
    }
    const float mean_g = block_sum(sum_g) / static_cast<float>(a.columns);
    const float mean_gh = block_sum(sum_gh) / static_cast<float>(a.columns);
    for (index_t c = threadIdx.x; c < a.columns; c += kThreads) {
      const float h = (to_float(x[c]) - mean) * rstd, g = to_float(dy[c]) * a.gamma[c];
      const float d = rstd * (g - mean_g - h * mean_gh);
      dx[c] = from_float<T>(add ? to_float(add[c]) + d : d);
    }
  }
  finish_parameter_sums(sums);
}

}  // namespace

template <typename T>
void compute(CudaQueue& queue, const LayerNormForward<T>& a) {
  constexpr int N = kVectorSize<T>;
  forward(queue, a.name, a, Stored<T>{a},
          vectors_fit<N>(a.columns, a.x, a.y) && vectors_fit<N>(a.columns, a.gamma, a.beta));
}

template <typename T>
void compute(CudaQueue& queue, const LayerNormForwardOfSum<T>& a) {
  constexpr int N = kVectorSize<T>;
  forward(
      queue, a.name, a.norm(), Summed<T>{a},
      vectors_fit<N>(a.columns, a.x, a.f, a.sum, a.y) && vectors_fit<N>(a.columns, a.gamma, a.beta, a.scale));
}

template <typename T>
void compute(CudaQueue& queue, const LayerNormBackward<T>& a) {
  constexpr int N = kVectorSize<T>;
  const index_t parts = backward_parts(a.rows);
  const PartialSums sums{.out = a.dgamma,
                         .second = a.dbeta,
                         .partials = queue.scratch<float>(parts * 2 * a.columns),
                         .counters = queue.counters(kSumCounters),
                         .parts = parts,
                         .columns = a.columns};
  const unsigned grid = static_cast<unsigned>(parts);
  if (a.columns > kMaxColumns || !vectors_fit<N>(a.columns, a.x, a.dy, a.dx, a.dx_add) ||
      !vectors_fit<N>(a.columns, a.gamma)) {
    launch(queue, a.name, backward_any<T>, grid, kThreads, 0, a, sums);
  } else {
    with_split<N>(a.columns, [&]<int kLanes, int kChunks>(Split<kLanes, kChunks> split) {
      launch(queue, a.name, backward_rows<T, kLanes, kChunks>, grid, kThreads,
             split.kSlots * a.columns * sizeof(float), a, sums);
    });
  }
}

template struct CudaKernel<LayerNormForward<float>>;
template struct CudaKernel<LayerNormForward<Half>>;
template struct CudaKernel<LayerNormForwardOfSum<float>>;
template struct CudaKernel<LayerNormForwardOfSum<Half>>;
template struct CudaKernel<LayerNormBackward<float>>;
template struct CudaKernel<LayerNormBackward<Half>>;

}  // namespace poster::kernels
