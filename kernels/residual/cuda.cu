#include "kernels/residual/residual.h"

#include <type_traits>

#include "kernels/cuda/divider.cuh"
#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/kernel.cuh"
#include "kernels/cuda/row_groups.cuh"
#include "kernels/philox.h"

namespace poster::kernels {
namespace {

template <typename T>
struct Forward {
  template <int N>
  __device__ void at(index_t i) const {
    Floats<N> y = load<N>(a.x + i), f = load<N>(a.f + i);
    const float keep = a.keep ? a.keep[samples.quotient(i)] : 1;
    if (a.gamma) {
      const Floats<N> gamma = load<N>(a.gamma + channels.remainder(i));
#pragma unroll
      for (int k = 0; k < N; ++k) f[k] *= gamma[k];
    }
#pragma unroll
    for (int k = 0; k < N; ++k) y[k] += keep * f[k];
    store(a.y + i, y);
  }
  ResidualForward<T> a;
  Divider samples{a.rows * a.channels}, channels{a.channels};
};

// Without gamma.
template <typename T>
struct Backward {
  template <int N>
  __device__ void at(index_t i) const {
    Floats<N> d = load<N>(a.dy + i);
    const float keep = a.keep ? a.keep[samples.quotient(i)] : 1;
#pragma unroll
    for (int k = 0; k < N; ++k) d[k] *= keep;
    store(a.df + i, d);
  }
  ResidualBackward<T> a;
  Divider samples{a.rows * a.channels};
};

// df and dgamma, of which partials[block] is that of the block's rows.
template <typename T, int N>
__global__ void __launch_bounds__(kGroupThreads, 2)
    backward_kernel(ResidualBackward<T> a, Divider samples, RowGroups g, PartialSums sums) {
  const RowThread<N> t(g);
  Floats<N> dgamma[1]{};
  if (t.works) {
    const Floats<N> gamma = load<N>(a.gamma + t.channel);
    Floats<N> f[kRowsAhead<N>], d[kRowsAhead<N>];
    float keep[kRowsAhead<N>];
    for_rows<kRowsAhead<N>, false>(
        g, t,
        [&](int u, index_t offset) {
          f[u] = load<N>(a.f + offset);
          d[u] = load<N>(a.dy + offset);
          keep[u] = a.keep ? a.keep[samples.quotient(offset)] : 1;
        },
        [&](int u, index_t offset) {
#pragma unroll
          for (int i = 0; i < N; ++i) {
            const float gradient = keep[u] * d[u][i];
            dgamma[0][i] += gradient * f[u][i];
            d[u][i] = gradient * gamma[i];
          }
          store(a.df + offset, d[u]);
        });
  }
  sum_slots(g, t, dgamma);
  if (t.works && t.slot == 0)
    store(sums.partials + static_cast<index_t>(blockIdx.x) * g.channels + t.channel, dgamma[0]);
  finish_channel_sums<N>(sums, g, 1);
}

constexpr int kMaskThreads = 128;

__global__ void __launch_bounds__(kMaskThreads) drop_path_mask_kernel(DropPathMask<float> a, float kept) {
  const index_t n = static_cast<index_t>(blockIdx.x) * kMaskThreads + threadIdx.x;
  if (n < a.batch)
    a.keep[n] = drop_path_keeps(a.seed, *a.call, a.layer, static_cast<std::uint32_t>(n), a.rate) ? kept : 0;
}

template <typename T>
struct Sum {
  template <int N>
  __device__ void at(index_t i) const {
    Floats<N> sum = load<N>(a.a + i);
    const Floats<N> b = load<N>(a.b + i);
#pragma unroll
    for (int k = 0; k < N; ++k) sum[k] += b[k];
    store(a.out + i, sum);
  }
  Add<T> a;
};

}  // namespace

template <typename T>
void compute(CudaQueue& queue, const ResidualForward<T>& a) {
  constexpr int N = kVectorSize<T>;
  // Vectors must not reach over the end of a row where rows differ.
  const index_t row = a.gamma || a.keep ? vectors_fit<N>(a.channels, a.gamma) ? a.channels : 1 : N;
  elementwise<N>(queue, a.name, Forward<T>{a}, a.batch * a.rows * a.channels, row, a.y, a.x, a.f);
}

template <typename T>
void compute(CudaQueue& queue, const ResidualBackward<T>& a) {
  constexpr int N = kVectorSize<T>;
  const LaunchName name = a.name;
  const index_t rows = a.batch * a.rows;
  const index_t parts = parts_of<T>(rows, a.channels, kPartsOfTwo);
  float* const partials = queue.scratch<float>(parts * a.channels);
  if (!a.gamma)
    return elementwise<N>(queue, name, Backward<T>{a}, rows * a.channels, a.keep ? a.channels : N, a.df,
                          a.dy);
  const auto run = [&]<int M>(std::integral_constant<int, M>) {
    const RowGroups g(rows, a.channels, M);
    launch(queue, name, backward_kernel<T, M>, g.grid(parts), g.threads(), 0, a, Divider(a.rows * a.channels),
           g,
           PartialSums{.out = a.dgamma,
                       .partials = partials,
                       .counters = queue.counters(g.tiles * kSumCounters),
                       .parts = parts,
                       .columns = a.channels});
  };
  if (vectors_fit<N>(a.channels, a.df, a.dy, a.f) && vectors_fit<N>(a.channels, a.gamma))
    run(std::integral_constant<int, N>());
  else
    run(std::integral_constant<int, 1>());
}

template <typename T>
void compute(CudaQueue& queue, const DropPathMask<T>& a) {
  launch(queue, a.name, drop_path_mask_kernel, blocks_for(a.batch, kMaskThreads), kMaskThreads, 0, a,
         static_cast<float>(1 / (1 - a.rate)));
}

template <typename T>
void compute(CudaQueue& queue, const Add<T>& a) {
  constexpr int N = kVectorSize<T>;
  elementwise<N>(queue, a.name, Sum<T>{a}, a.count, N, a.out, a.a, a.b);
}

template struct CudaKernel<ResidualForward<float>>;
template struct CudaKernel<ResidualForward<Half>>;
template struct CudaKernel<ResidualBackward<float>>;
template struct CudaKernel<ResidualBackward<Half>>;
template struct CudaKernel<DropPathMask<float>>;
template struct CudaKernel<Add<float>>;
template struct CudaKernel<Add<Half>>;

}  // namespace poster::kernels
