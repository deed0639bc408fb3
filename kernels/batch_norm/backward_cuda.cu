// Backward. x and dy are read twice and dx is written once: by a kernel that sums over rows, and by one that
// goes over the rows from the last one on, while some of what the first read is still in the cache.
#include "kernels/batch_norm/batch_norm.h"
#include "kernels/cuda/kernel.cuh"
#include "kernels/cuda/row_groups.cuh"

namespace poster::kernels {
namespace {

// What backward knows of a thread's channels. z is what PReLU saw.
template <int N, bool kSlope>
struct BackwardChannels {
  template <typename T>
  __device__ BackwardChannels(const BatchNormBackward<T>& a, index_t channel)
      : mean(load<N>(a.mean + channel)), scale(load<N>(a.gamma + channel)) {
    const Floats<N> rstd = load<N>(a.rstd + channel);
#pragma unroll
    for (int i = 0; i < N; ++i) scale[i] *= rstd[i];
    if constexpr (kSlope) {
      beta = load<N>(a.beta + channel);
      slope = load<N>(a.slope + channel);
    }
  }
  __device__ float z(float centred, int i) const { return centred * scale[i] + beta[i]; }

  Floats<N> mean, scale, beta, slope;
};

// {dgamma, dbeta, dslope (where there is one)}, each [channels]; partials[block] are those of the block's rows.
template <typename T, int N, bool kSlope>
__global__ void __launch_bounds__(kGroupThreads, 2)
    backward_sums_kernel(BatchNormBackward<T> a, RowGroups g, PartialSums totals) {
  constexpr int kKinds = kSlope ? 3 : 2;
  const RowThread<N> t(g);
  Floats<N> sums[kKinds]{};
  if (t.works) {
    const BackwardChannels<N, kSlope> k(a, t.channel);
    Floats<N> x[kRowsAhead<N>], dy[kRowsAhead<N>];
    for_rows<kRowsAhead<N>, false>(
        g, t,
        [&](int u, index_t offset) {
          x[u] = load<N>(a.x + offset);
          dy[u] = load<N>(a.dy + offset);
        },
        [&](int u, index_t) {
#pragma unroll
          for (int i = 0; i < N; ++i) {
            const float centred = x[u][i] - k.mean[i];
            float gradient = dy[u][i];
            if constexpr (kSlope) {
              const float z = k.z(centred, i);
              sums[2][i] += z > 0 ? 0 : gradient * z;
              gradient = z > 0 ? gradient : k.slope[i] * gradient;
            }
            sums[0][i] += gradient * centred;
            sums[1][i] += gradient;
          }
        });
  }
  sum_slots(g, t, sums);
  if (t.works && t.slot == 0) {
    const Floats<N> rstd = load<N>(a.rstd + t.channel);
#pragma unroll
    for (int i = 0; i < N; ++i) sums[0][i] *= rstd[i];
    float* const partial =
        totals.partials + static_cast<index_t>(blockIdx.x) * kKinds * g.channels + t.channel;
#pragma unroll
    for (int k = 0; k < kKinds; ++k) store(partial + k * g.channels, sums[k]);
  }
  finish_channel_sums<N>(totals, g, kKinds);
}

// With h = (x - mean) rstd and g the gradient of z: dx = gamma rstd (g - mean(g) - h mean(g h)), where
// mean(g) = dbeta / rows and mean(g h) = dgamma / rows.
template <typename T, int N, bool kSlope, bool kAdd>
__global__ void __launch_bounds__(kGroupThreads, 2)
    backward_rows_kernel(BatchNormBackward<T> a, RowGroups g) {
  const RowThread<N> t(g);
  if (!t.works) return;
  const BackwardChannels<N, kSlope> k(a, t.channel);
  Floats<N> offset_of_dx = load<N>(a.dbeta + t.channel), tilt = load<N>(a.dgamma + t.channel);
  const Floats<N> rstd = load<N>(a.rstd + t.channel);
  const float inverse = 1 / static_cast<float>(a.rows);
#pragma unroll
  for (int i = 0; i < N; ++i) {
    offset_of_dx[i] *= k.scale[i] * inverse;
    tilt[i] *= k.scale[i] * rstd[i] * inverse;
  }
  Floats<N> x[kRowsAhead<N>], dy[kRowsAhead<N>], add[kRowsAhead<N>];
  for_rows<kRowsAhead<N>, true>(
      g, t,
      [&](int u, index_t offset) {
        x[u] = load<N>(a.x + offset);
        dy[u] = load<N>(a.dy + offset);
        if constexpr (kAdd) add[u] = load<N>(a.dx_add + offset);
      },
      [&](int u, index_t offset) {
#pragma unroll
        for (int i = 0; i < N; ++i) {
          const float centred = x[u][i] - k.mean[i];
          float gradient = dy[u][i];
          if constexpr (kSlope) gradient = k.z(centred, i) > 0 ? gradient : k.slope[i] * gradient;
          dy[u][i] = k.scale[i] * gradient - offset_of_dx[i] - centred * tilt[i];
          if constexpr (kAdd) dy[u][i] += add[u][i];
        }
        store(a.dx + offset, dy[u]);
      });
}

}  // namespace

template <typename T>
void compute(CudaQueue& queue, const BatchNormBackward<T>& a) {
  const LaunchName name = a.name;
  const index_t parts = parts_of<T>(a.rows, a.channels, kPartsOfTwo);
  float* const partials = queue.scratch<float>(parts * 3 * a.channels);
  const auto run = [&]<int N, bool kSlope>(std::integral_constant<int, N>, std::bool_constant<kSlope>) {
    const RowGroups g(a.rows, a.channels, N);
    launch(queue, name, backward_sums_kernel<T, N, kSlope>, g.grid(parts), g.threads(), 0, a, g,
           PartialSums{.out = a.dgamma,
                       .second = a.dbeta,
                       .third = a.dslope,
                       .partials = partials,
                       .counters = queue.counters(g.tiles * kSumCounters),
                       .parts = parts,
                       .columns = a.channels});
    const auto rows =
        a.dx_add ? backward_rows_kernel<T, N, kSlope, true> : backward_rows_kernel<T, N, kSlope, false>;
    if (a.dx) launch(queue, name, rows, g.grid(blocks_of(g)), g.threads(), 0, a, g);
  };
  const auto with_slope = [&](auto size) {
    if (a.slope)
      run(size, std::true_type());
    else
      run(size, std::false_type());
  };
  constexpr int N = kVectorSize<T>;
  if (vectors_fit<N>(a.channels, a.dx, a.dx_add, a.dy, a.x) &&
      vectors_fit<N>(a.channels, a.mean, a.rstd, a.gamma, a.beta, a.slope, a.dgamma, a.dbeta))
    with_slope(std::integral_constant<int, N>());
  else
    with_slope(std::integral_constant<int, 1>());
}

template struct CudaKernel<BatchNormBackward<float>>;
template struct CudaKernel<BatchNormBackward<Half>>;

}  // namespace poster::kernels
