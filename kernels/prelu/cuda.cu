#include "kernels/prelu/prelu.h"

#include <type_traits>

#include "kernels/cuda/divider.cuh"
#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/kernel.cuh"
#include "kernels/cuda/row_groups.cuh"

namespace poster::kernels {
namespace {

template <typename T>
struct Forward {
  template <int N>
  __device__ void at(index_t i) const {
    Floats<N> x = load<N>(a.x + i);
    const Floats<N> slope = load<N>(a.slope + channels.remainder(i));
#pragma unroll
    for (int k = 0; k < N; ++k) x[k] = x[k] > 0 ? x[k] : slope[k] * x[k];
    store(a.y + i, x);
  }
  PReluForward<T> a;
  Divider channels{a.channels};
};

// Without a slope.
template <typename T>
struct ReluForward {
  template <int N>
  __device__ void at(index_t i) const {
    Floats<N> x = load<N>(a.x + i);
#pragma unroll
    for (int k = 0; k < N; ++k) x[k] = x[k] <= 0 ? 0 : x[k];  // NaN stays
    store(a.y + i, x);
  }
  PReluForward<T> a;
};

template <typename T>
struct ReluBackward {
  template <int N>
  __device__ void at(index_t i) const {
    const Floats<N> x = load<N>(a.x + i);
    Floats<N> d = load<N>(a.dy + i);
#pragma unroll
    for (int k = 0; k < N; ++k) d[k] = x[k] <= 0 ? 0 : d[k];
    store(a.dx + i, d);
  }
  PReluBackward<T> a;
};

// dx and dslope, of which partials[block] is that of the block's rows.
template <typename T, int N>
__global__ void __launch_bounds__(kGroupThreads, 2)
    backward_kernel(PReluBackward<T> a, RowGroups g, PartialSums sums) {
  const RowThread<N> t(g);
  Floats<N> dslope[1]{};
  if (t.works) {
    const Floats<N> slope = load<N>(a.slope + t.channel);
    Floats<N> x[kRowsAhead<N>], d[kRowsAhead<N>];
    for_rows<kRowsAhead<N>, false>(
        g, t,
        [&](int u, index_t offset) {
          x[u] = load<N>(a.x + offset);
          d[u] = load<N>(a.dy + offset);
        },
        [&](int u, index_t offset) {
#pragma unroll
          for (int i = 0; i < N; ++i) {
            const bool positive = x[u][i] > 0;
            dslope[0][i] += positive ? 0 : d[u][i] * x[u][i];
            d[u][i] = positive ? d[u][i] : slope[i] * d[u][i];
          }
          store(a.dx + offset, d[u]);
        });
  }
  sum_slots(g, t, dslope);
  if (t.works && t.slot == 0)
    store(sums.partials + static_cast<index_t>(blockIdx.x) * g.channels + t.channel, dslope[0]);
  finish_channel_sums<N>(sums, g, 1);
}

}  // namespace

template <typename T>
void compute(CudaQueue& queue, const PReluForward<T>& a) {
  constexpr int N = kVectorSize<T>;
  const index_t count = a.rows * a.channels;
  if (a.slope)
    elementwise<N>(queue, a.name, Forward<T>{a}, count, vectors_fit<N>(a.channels, a.slope) ? a.channels : 1,
                   a.y, a.x);
  else
    elementwise<N>(queue, a.name, ReluForward<T>{a}, count, N, a.y, a.x);
}

template <typename T>
void compute(CudaQueue& queue, const PReluBackward<T>& a) {
  constexpr int N = kVectorSize<T>;
  const LaunchName name = a.name;
  const index_t parts = parts_of<T>(a.rows, a.channels, kPartsOfTwo);
  float* const partials = queue.scratch<float>(parts * a.channels);
  if (!a.slope)
    return elementwise<N>(queue, name, ReluBackward<T>{a}, a.rows * a.channels, N, a.dx, a.dy, a.x);
  const auto run = [&]<int M>(std::integral_constant<int, M>) {
    const RowGroups g(a.rows, a.channels, M);
    launch(queue, name, backward_kernel<T, M>, g.grid(parts), g.threads(), 0, a, g,
           PartialSums{.out = a.dslope,
                       .partials = partials,
                       .counters = queue.counters(g.tiles * kSumCounters),
                       .parts = parts,
                       .columns = a.channels});
  };
  if (vectors_fit<N>(a.channels, a.dx, a.dy, a.x) && vectors_fit<N>(a.channels, a.slope))
    run(std::integral_constant<int, N>());
  else
    run(std::integral_constant<int, 1>());
}

template struct CudaKernel<PReluForward<float>>;
template struct CudaKernel<PReluForward<Half>>;
template struct CudaKernel<PReluBackward<float>>;
template struct CudaKernel<PReluBackward<Half>>;

}  // namespace poster::kernels
