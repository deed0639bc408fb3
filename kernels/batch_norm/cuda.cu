// Forward. A map is read twice and written once: by a kernel that sums over rows, the last blocks of which put
// the sums together, and by one that goes over the rows from the last one on, while some of what the first read
// is still in the cache. Where the moments are known from the pass that wrote the map, it is read once.
#include "kernels/batch_norm/batch_norm.h"
#include "kernels/cuda/kernel.cuh"
#include "kernels/cuda/last_block.cuh"
#include "kernels/cuda/row_groups.cuh"

namespace poster::kernels {

// What blocks have summed about their rows, and what is made of it.
struct MomentParts {
  MomentParts() = default;
  MomentParts(CudaQueue& queue, index_t most_parts, index_t channels)
      : groups(queue.scratch<double>(kPartGroups * 2 * channels + most_parts * channels)),
        partials(groups ? reinterpret_cast<float*>(groups + kPartGroups * 2 * channels) : nullptr),
        counters(queue.counters(ceil_div(channels, kGroupThreads) * kSumCounters)) {}
  double* groups = nullptr;   // [kPartGroups, 2, channels]
  float* partials = nullptr;  // [parts, 2, channels]: mean, sum of (x - mean)²
  unsigned* counters = nullptr;
};

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
  // Of all parts of a group (kernels/cuda/last_block.cuh).
  __device__ index_t of_group(index_t parts, int group) const {
    const index_t with_more = more > group ? parts_of_group(more, group) : 0;
    return (parts_of_group(parts, group) * fewest + with_more) * slots -
           (last % kPartGroups == group ? absent : 0);
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

// Sum of (x - mean)² = sum over parts of (squares about the part's mean + rows (part's mean - mean)²): Chan,
// Golub & LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979. So the
// parts of a group, and then groups. `of(p, k)` is mean (k = 0) or squares (k = 1) of p, rows(p) its rows;
// p = first, first + step, ... below end.
struct Moments {
  template <typename Of, typename Rows>
  __device__ Moments(int first, int step, int end, double rows_of_all, Of of, Rows rows) {
#pragma unroll 2
    for (int p = first; p < end; p += step) mean += rows(p) * of(p, 0);
    mean /= rows_of_all;
#pragma unroll 2
    for (int p = first; p < end; p += step) {
      const double difference = of(p, 0) - mean;
      squares += of(p, 1) + rows(p) * difference * difference;
    }
  }
  double mean = 0, squares = 0;
};

// The last block to come here calls finish(channel, mean, squares) for its channels. All blocks must call, with
// all threads, when they have stored their moments.
template <int N, typename Finish>
__device__ void finish_moments(const RowGroups& g, const PartRows& part_rows, const MomentParts& sums,
                               Finish finish) {
  const int parts = static_cast<int>(gridDim.x), group = static_cast<int>(blockIdx.x) % kPartGroups;
  const index_t channels = g.channels, first = g.first_channel(N);
  const int count = g.channel_count(N);
  unsigned* const counters = sums.counters + blockIdx.y * kSumCounters;
  if (!arrives_last(counters + 1 + group, static_cast<unsigned>(parts_of_group(parts, group)))) return;
  for (int i = thread_rank(); i < count; i += thread_count()) {
    const float* const partial = sums.partials + first + i;
    const Moments moments(
        group, kPartGroups, parts, static_cast<double>(part_rows.of_group(parts, group)),
        [&](int p, int k) { return static_cast<double>(partial[(p * 2 + k) * channels]); },
        [&](int p) { return static_cast<double>(part_rows[p]); });
    double* const of_group = sums.groups + group * 2 * channels + first + i;
    of_group[0] = moments.mean;
    of_group[channels] = moments.squares;
  }
  const int groups = parts < kPartGroups ? parts : kPartGroups;
  if (!arrives_last(counters, static_cast<unsigned>(groups))) return;
  for (int i = thread_rank(); i < count; i += thread_count()) {
    const double* const of_group = sums.groups + first + i;
    const Moments moments(
        0, 1, groups, static_cast<double>(g.rows),
        [&](int p, int k) { return of_group[(p * 2 + k) * channels]; },
        [&](int p) { return static_cast<double>(part_rows.of_group(parts, p)); });
    finish(first + i, moments.mean, moments.squares);
  }
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

// Mean, rstd and running statistics of x.
template <typename T, int N>
__global__ void __launch_bounds__(kGroupThreads, 4)
    moments_kernel(BatchNormForwardTrain<T> a, RowGroups g, PartRows part_rows, MomentParts sums) {
  const RowThread<N> t(g);
  Floats<N> x[kRowsAhead<N>];
  ThreadMoments<N> moments;
  for_rows<kRowsAhead<N>, false>(
      g, t, [&](int u, index_t offset) { x[u] = load<N>(a.x + offset); },
      [&](int u, index_t) { moments.add(x[u]); });
  store_moments(g, t, part_rows, moments, sums.partials);
  finish_moments<N>(g, part_rows, sums,
                    [&](index_t c, double mean, double squares) { set_statistics(a, c, mean, squares); });
}

template <typename T>
struct Normalise {
  T* y;
  const T* x;
  const T* residual;
  const float *mean, *rstd;  // rstd null: from the variance
  const float *variance, *gamma, *beta, *slope;
  float eps;
  double *y_mean = nullptr, *y_squares = nullptr;
};

// With kMoments those of y, as memory holds it, are summed, too.
template <typename T, int N, bool kMoments>
__global__ void __launch_bounds__(kGroupThreads, kMoments ? 2 : 3)
    normalise_kernel(Normalise<T> a, RowGroups g, PartRows part_rows, MomentParts sums) {
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
  if constexpr (kMoments) {
    store_moments(g, t, part_rows, moments, sums.partials);
    finish_moments<N>(g, part_rows, sums, [&](index_t c, double y_mean, double squares) {
      a.y_mean[c] = y_mean;
      a.y_squares[c] = squares;
    });
  }
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

// Where y's moments are wanted, `parts` blocks sum them.
template <typename T>
void normalise(CudaQueue& queue, const LaunchName& name, const Normalise<T>& a, index_t rows,
               index_t channels, const MomentParts& sums = {}, index_t parts = 0) {
  const auto run = [&]<int N>(std::integral_constant<int, N>) {
    const RowGroups g(rows, channels, N);
    const index_t blocks = a.y_mean ? parts : blocks_of(g);
    const PartRows part_rows(g, blocks, true);
    launch(queue, name, a.y_mean ? normalise_kernel<T, N, true> : normalise_kernel<T, N, false>,
           g.grid(blocks), g.threads(), 0, a, g, part_rows, sums);
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
  const MomentParts sums(queue, parts, a.channels);
  const auto sum = [&]<int M>(std::integral_constant<int, M>) {
    const RowGroups g(a.rows, a.channels, M);
    const PartRows part_rows(g, parts, false);
    launch(queue, name, moments_kernel<T, M>, g.grid(parts), g.threads(), 0, a, g, part_rows, sums);
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
                         .eps = 0,
                         .y_mean = a.y_mean,
                         .y_squares = a.y_squares},
            a.rows, a.channels, sums, y_parts);
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
