// A thread takes 8 elements in 16 bits (16 bytes a map), 4 in float; bias comes from the L1 cache. Forward moves
// 2 maps, backward 3, and there are no sums: memory should decide, at 0.85 of the ceiling for the 13 million
// elements of the first level's MLP (51 MB, 13 us at 4 TB/s and 2.2 us for the launch). But erff takes some 30
// instructions an element, as long as the memory does (12.8 million x 30 on 132 x 128 lanes at 1.7 GHz are 13 us),
// and backward's expf 10 more: where the two don't overlap it is 0.5. (Estimates, until a GPU measures them.)
#include "kernels/gelu/gelu.h"

#include "kernels/cuda/divider.cuh"
#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/kernel.cuh"

namespace poster::kernels {
namespace {

__device__ inline float normal_cdf(float u) { return 0.5f * (1 + erff(u * 0.70710678118654752f)); }
__device__ inline float normal_pdf(float u) { return 0.39894228040143268f * expf(-0.5f * u * u); }

// u at the elements i ... i + N.
template <int N, typename Args>
__device__ Floats<N> with_bias(const Args& a, const Divider& columns, index_t i) {
  Floats<N> u = load<N>(a.x + i);
  if (!a.bias) return u;
  const Floats<N> bias = load<N>(a.bias + columns.remainder(i));
#pragma unroll
  for (int k = 0; k < N; ++k) u[k] += bias[k];
  return u;
}

template <typename T>
struct Forward {
  template <int N>
  __device__ void at(index_t i) const {
    Floats<N> u = with_bias<N>(a, columns, i);
#pragma unroll
    for (int k = 0; k < N; ++k) u[k] *= normal_cdf(u[k]);
    store(a.y + i, u);
  }
  GeluForward<T> a;
  Divider columns{a.bias ? a.columns : 1};
};

template <typename T>
struct Backward {
  template <int N>
  __device__ void at(index_t i) const {
    const Floats<N> u = with_bias<N>(a, columns, i);
    Floats<N> d = load<N>(a.dy + i);
#pragma unroll
    for (int k = 0; k < N; ++k) d[k] *= normal_cdf(u[k]) + u[k] * normal_pdf(u[k]);
    store(a.dx + i, d);
  }
  GeluBackward<T> a;
  Divider columns{a.bias ? a.columns : 1};
};

// What vectors of N elements must not reach over: the end of a row, or nothing.
template <int N, typename Args>
index_t row_length(const Args& a) {
  if (!a.bias) return N;
  return vectors_fit<N>(a.columns, a.bias) ? a.columns : 1;
}

}  // namespace

template <typename T>
void compute(CudaQueue& queue, const GeluForward<T>& a) {
  constexpr int N = kVectorSize<T>;
  elementwise<N>(queue, a.name, Forward<T>{a}, a.count, row_length<N>(a), a.y, a.x);
}

template <typename T>
void compute(CudaQueue& queue, const GeluBackward<T>& a) {
  constexpr int N = kVectorSize<T>;
  elementwise<N>(queue, a.name, Backward<T>{a}, a.count, row_length<N>(a), a.dx, a.dy, a.x);
}

template struct CudaKernel<GeluForward<float>>;
template struct CudaKernel<GeluForward<Half>>;
template struct CudaKernel<GeluBackward<float>>;
template struct CudaKernel<GeluBackward<Half>>;

}  // namespace poster::kernels
