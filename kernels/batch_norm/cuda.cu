// Forward. A map is read twice and written once: by a kernel that sums over rows, and by one that goes over the
// rows from the last one on, while some of what the first read is still in the cache. Where the moments are
// known from the pass that wrote the map, it is read once.
#include "kernels/batch_norm/batch_norm.h"
#include "kernels/cuda/kernel.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/row_groups.cuh"

namespace poster::kernels {
namespace {

template <int N>
__device__ Floats<N> load_or(const float* from, float otherwise) {
  if (from) return load<N>(from);
  Floats<N> values;
#pragma unroll
  for (int i = 0; i < N; ++i) values[i] = otherwise;
  return values;
}

// How many rows each of `parts` blocks along x takes, which go over them from the first one on or backwards.
struct PartRows {
  PartRows(const RowGroups& g, index_t parts, bool backwards)
      : fewest(g.groups / parts),
        more(g.groups % parts),
        last(backwards ? 0 : (g.groups - 1) % parts),
        slots(g.slots),
        absent(g.groups * g.slots - g.rows) {}
  __device__ index_t operator[](index_t part) const {
    return (fewest + (part < more)) * slots - (part == last ? absent : 0);
  }
  index_t fewest, more, last, slots, absent;
};

// Mean and sum of (x - mean)² of the rows that a thread has seen, by Welford's update ("Note on a method for
// calculating corrected sums of squares and products", 1962).
template <int N>
struct ThreadMoments {
  __device__ void add(const Floats<N>& x) {
    const float inverse = 1 / static_cast<float>(++count);
#pragma unroll
    for (int i = 0; i < N; ++i) {
      const float difference = x[i] - mean[i];
      mean[i] += difference * inverse;
      squares[i] += difference * (x[i] - mean[i]);
    }
  }
  Floats<N> mean{}, squares{};
  int count = 0;
};

// partials[block] = {mean, sum of (x - mean)²} of the block's rows, each [channels]. All threads of the block
// must call.
template <int N>
__device__ void store_moments(const RowGroups& g, const RowThread<N>& t, const PartRows& part_rows,
                              const ThreadMoments<N>& moments, float* partials) {
  const index_t rows = part_rows[blockIdx.x];
  Floats<N> block_mean[1], squares[1];
#pragma unroll
  for (int i = 0; i < N; ++i)
    block_mean[0][i] = moments.mean[i] * (static_cast<float>(moments.count) / static_cast<float>(rows));
  sum_slots(g, t, block_mean);
  block_mean[0] = from_slot_zero(t, block_mean[0]);
#pragma unroll
  for (int i = 0; i < N; ++i) {
    const float difference = moments.mean[i] - block_mean[0][i];
    squares[0][i] = moments.squares[i] + static_cast<float>(moments.count) * difference * difference;
  }
  sum_slots(g, t, squares);
  if (!t.works || t.slot != 0) return;
  float* const partial = partials + static_cast<index_t>(blockIdx.x) * 2 * g.channels + t.channel;
  store(partial, block_mean[0]);
  store(partial + g.channels, squares[0]);
}

template <typename T, int N>
__global__ void __launch_bounds__(kGroupThreads, 4)
    moments_kernel(const T* map, RowGroups g, PartRows part_rows, float* partials) {
  const RowThread<N> t(g);
  Floats<N> x[kRowsAhead<N>];
  ThreadMoments<N> moments;
  for_rows<kRowsAhead<N>, false>(
      g, t, [&](int u, index_t offset) { x[u] = load<N>(map + offset); },
      [&](int u, index_t) { moments.add(x[u]); });
  store_moments(g, t, part_rows, moments, partials);
}

// A block takes 32 channels, each of its 32 warps every 32nd part.
constexpr int kMergeWarps = 32,
              kMergeShare = (static_cast<int>(kPartsOfFour) + kMergeWarps - 1) / kMergeWarps;

struct MergeValues {
  double values[kMergeWarps][33];  // of each warp for each channel
  double sums[32];
};

// The sum over warps of each lane's value. All threads of the block must call.
__device__ double sum_over_warps(double value) {
  MergeValues& shared = block_shared<MergeValues>();
  shared.values[threadIdx.y][threadIdx.x] = value;
  __syncthreads();
  const double sum = warp_sum(shared.values[threadIdx.x][threadIdx.y]);
  if (threadIdx.x == 0) shared.sums[threadIdx.y] = sum;
  __syncthreads();
  return shared.sums[threadIdx.x];
}

// Sum of (x - mean)² = sum over parts of (squares about the part's mean + rows (part's mean - mean)²): Chan,
// Golub & LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979.
// Calls finish(channel, mean, sum of squares).
template <typename Finish>
__global__ void __launch_bounds__(32 * kMergeWarps)
    merge_moments_kernel(Finish finish, RowGroups g, PartRows part_rows, const float* partials, int parts) {
  const index_t c = static_cast<index_t>(blockIdx.x) * 32 + threadIdx.x;
  const int warp = static_cast<int>(threadIdx.y);
  float means[kMergeShare], squares[kMergeShare];
#pragma unroll
  for (int k = 0; k < kMergeShare; ++k) {
    const int part = warp + k * kMergeWarps;
    if (c >= g.channels || part >= parts) continue;
    means[k] = partials[part * 2 * g.channels + c];
    squares[k] = partials[(part * 2 + 1) * g.channels + c];
  }
  double sum = 0, square = 0;
#pragma unroll
  for (int k = 0; k < kMergeShare; ++k) {
    const int part = warp + k * kMergeWarps;
    if (c < g.channels && part < parts) sum += static_cast<double>(part_rows[part]) * means[k];
  }
  const double mean = sum_over_warps(sum) / static_cast<double>(g.rows);
#pragma unroll
  for (int k = 0; k < kMergeShare; ++k) {
    const int part = warp + k * kMergeWarps;
    if (c >= g.channels || part >= parts) continue;
    const double difference = means[k] - mean;
    square += squares[k] + static_cast<double>(part_rows[part]) * difference * difference;
  }
  square = sum_over_warps(square);
  if (warp == 0 && c < g.channels) finish(c, mean, square);
}

__device__ inline float rstd_of(double squares, index_t rows, double eps) {
  return static_cast<float>(1 / sqrt(squares / static_cast<double>(rows) + eps));
}

// What is kept of one channel's moments.
template <typename Op>
__device__ void set_statistics(const Op& a, index_t c, double mean, double squares) {
  a.mean[c] = static_cast<float>(mean);
  a.rstd[c] = rstd_of(squares, a.rows, a.eps);
  const double unbiased = squares / static_cast<double>(a.rows - 1);
  float running_mean = a.running_mean[c], running_var = a.running_var[c];
  for (int update = 0; update < a.updates; ++update) {
    running_mean = static_cast<float>((1 - a.momentum) * running_mean + a.momentum * mean);
    running_var = static_cast<float>((1 - a.momentum) * running_var + a.momentum * unbiased);
  }
  a.running_mean[c] = running_mean;
  a.running_var[c] = running_var;
}

template <typename T>
struct SetStatistics {
  __device__ void operator()(index_t c, double mean, double squares) const {
    set_statistics(a, c, mean, squares);
  }
  BatchNormForwardTrain<T> a;
};

struct SetMoments {
  __device__ void operator()(index_t c, double mean, double squares) const {
    means[c] = mean;
    all_squares[c] = squares;
  }
  double *means, *all_squares;
};

template <typename Finish>
void merge_moments(CudaQueue& queue, const LaunchName& name, const Finish& finish, const RowGroups& g,
                   const PartRows& part_rows, const float* partials, index_t parts) {
  launch(queue, name, merge_moments_kernel<Finish>, blocks_for(g.channels, 32), dim3(32, kMergeWarps), 0,
         finish, g, part_rows, partials, static_cast<int>(parts));
}

template <typename T>
struct Normalise {
  T* y;
  const T* x;
  const T* residual;
  const float *mean, *rstd;  // rstd null: from the variance
  const float *variance, *gamma, *beta, *slope;
  float eps;
};

// With kMoments those of y, as memory holds it, go to `partials`.
template <typename T, int N, bool kMoments>
__global__ void __launch_bounds__(kGroupThreads, kMoments ? 2 : 3)
    normalise_kernel(Normalise<T> a, RowGroups g, PartRows part_rows, float* partials) {
  const RowThread<N> t(g);
  if (!kMoments && !t.works) return;
  Floats<N> mean{}, beta{}, slope{}, scale{};
  if (t.works) {
    mean = load<N>(a.mean + t.channel);
    beta = load<N>(a.beta + t.channel);
    slope = load_or<N>(a.slope ? a.slope + t.channel : nullptr, 1);
    scale = load<N>(a.gamma + t.channel);
    const Floats<N> spread = load<N>((a.rstd ? a.rstd : a.variance) + t.channel);
#pragma unroll
    for (int i = 0; i < N; ++i) scale[i] *= a.rstd ? spread[i] : 1 / sqrtf(spread[i] + a.eps);
  }
  Floats<N> x[kRowsAhead<N>], residual[kRowsAhead<N>];
  ThreadMoments<N> moments;
  for_rows<kRowsAhead<N>, true>(
      g, t,
      [&](int u, index_t offset) {
        x[u] = load<N>(a.x + offset);
        if (a.residual) residual[u] = load<N>(a.residual + offset);
      },
      [&](int u, index_t offset) {
#pragma unroll
        for (int i = 0; i < N; ++i) {
          float z = (x[u][i] - mean[i]) * scale[i] + beta[i];
          z = z > 0 ? z : slope[i] * z;
          z = a.residual ? z + residual[u][i] : z;
          x[u][i] = kMoments ? to_float(from_float<T>(z)) : z;
        }
        store(a.y + offset, x[u]);
        if constexpr (kMoments) moments.add(x[u]);
      });
  if constexpr (kMoments) store_moments(g, t, part_rows, moments, partials);
}

template <typename T, int N>
__global__ void __launch_bounds__(kGroupThreads, 3)
    normalise_by_moments_kernel(BatchNormForwardMoments<T> a, RowGroups g) {
  const RowThread<N> t(g);
  if (!t.works) return;
  const Floats<N> beta = load<N>(a.beta + t.channel);
  Floats<N> mean, scale = load<N>(a.gamma + t.channel);
#pragma unroll
  for (int i = 0; i < N; ++i) {
    const double x_mean = a.x_mean[t.channel + i], x_squares = a.x_squares[t.channel + i];
    mean[i] = static_cast<float>(x_mean);
    scale[i] *= rstd_of(x_squares, a.rows, a.eps);
    if (blockIdx.x == 0 && t.slot == 0) set_statistics(a, t.channel + i, x_mean, x_squares);
  }
  Floats<N> x[kRowsAhead<N>];
  for_rows<kRowsAhead<N>, true>(
      g, t, [&](int u, index_t offset) { x[u] = load<N>(a.x + offset); },
      [&](int u, index_t offset) {
#pragma unroll
        for (int i = 0; i < N; ++i) x[u][i] = (x[u][i] - mean[i]) * scale[i] + beta[i];
        store(a.y + offset, x[u]);
      });
}

// Where y's moments are wanted, they are put together from partials [parts, 2, channels].
template <typename T>
void normalise(CudaQueue& queue, const LaunchName& name, const Normalise<T>& a, index_t rows,
               index_t channels, const SetMoments& moments = {}, float* partials = nullptr,
               index_t parts = 0) {
  const auto run = [&]<int N>(std::integral_constant<int, N>) {
    const RowGroups g(rows, channels, N);
    const index_t blocks = moments.means ? parts : blocks_of(g);
    const PartRows part_rows(g, blocks, true);
    launch(queue, name, moments.means ? normalise_kernel<T, N, true> : normalise_kernel<T, N, false>,
           g.grid(blocks), g.threads(), 0, a, g, part_rows, partials);
    if (moments.means) merge_moments(queue, name, moments, g, part_rows, partials, parts);
  };
  constexpr int N = kVectorSize<T>;
  if (vectors_fit<N>(channels, a.y, a.x, a.residual) &&
      vectors_fit<N>(channels, a.mean, a.rstd, a.variance, a.gamma, a.beta, a.slope))
    run(std::integral_constant<int, N>());
  else
    run(std::integral_constant<int, 1>());
}

}  // namespace

template <typename T>
void compute(CudaQueue& queue, const BatchNormForwardTrain<T>& a) {
  constexpr int N = kVectorSize<T>;
  const LaunchName name = a.name;
  const index_t parts = parts_of<T>(a.rows, a.channels, kPartsOfFour);
  const index_t y_parts = parts_of<T>(a.rows, a.channels, kPartsOfTwo);  // no more than `parts`
  float* const partials = queue.scratch<float>(parts * 2 * a.channels);
  const auto sum = [&]<int M>(std::integral_constant<int, M>) {
    const RowGroups g(a.rows, a.channels, M);
    const PartRows part_rows(g, parts, false);
    launch(queue, name, moments_kernel<T, M>, g.grid(parts), g.threads(), 0, a.x, g, part_rows, partials);
    merge_moments(queue, name, SetStatistics<T>{a}, g, part_rows, partials, parts);
  };
  if (vectors_fit<N>(a.channels, a.x))
    sum(std::integral_constant<int, N>());
  else
    sum(std::integral_constant<int, 1>());
  normalise(queue, name,
            Normalise<T>{.y = a.y,
                         .x = a.x,
                         .residual = a.residual,
                         .mean = a.mean,
                         .rstd = a.rstd,
                         .variance = nullptr,
                         .gamma = a.gamma,
                         .beta = a.beta,
                         .slope = a.slope,
                         .eps = 0},
            a.rows, a.channels, SetMoments{a.y_mean, a.y_squares}, partials, y_parts);
}

template <typename T>
void compute(CudaQueue& queue, const BatchNormForwardMoments<T>& a) {
  constexpr int N = kVectorSize<T>;
  const auto run = [&]<int M>(std::integral_constant<int, M>) {
    const RowGroups g(a.rows, a.channels, M);
    launch(queue, a.name, normalise_by_moments_kernel<T, M>, g.grid(blocks_of(g)), g.threads(), 0, a, g);
  };
  if (vectors_fit<N>(a.channels, a.y, a.x) && vectors_fit<N>(a.channels, a.gamma, a.beta))
    run(std::integral_constant<int, N>());
  else
    run(std::integral_constant<int, 1>());
}

template <typename T>
void compute(CudaQueue& queue, const BatchNormForwardEval<T>& a) {
  normalise(queue, a.name,
            Normalise<T>{.y = a.y,
                         .x = a.x,
                         .residual = a.residual,
                         .mean = a.running_mean,
                         .rstd = nullptr,
                         .variance = a.running_var,
                         .gamma = a.gamma,
                         .beta = a.beta,
                         .slope = a.slope,
                         .eps = static_cast<float>(a.eps)},
            a.rows, a.channels);
}

template struct CudaKernel<BatchNormForwardTrain<float>>;
template struct CudaKernel<BatchNormForwardTrain<Half>>;
template struct CudaKernel<BatchNormForwardMoments<float>>;
template struct CudaKernel<BatchNormForwardMoments<Half>>;
template struct CudaKernel<BatchNormForwardEval<float>>;
template struct CudaKernel<BatchNormForwardEval<Half>>;

}  // namespace poster::kernels
