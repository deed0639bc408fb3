#include "kernels/gelu/gelu.h"

#include <algorithm>

#include "kernels/cpu/isa.h"
#include "kernels/cpu/row_blocks.h"
#include "kernels/cpu/vector_math.h"

namespace poster::kernels::POSTER_ISA {

// Calls run(i, bias, n) for runs of elements i … i + n that lie in one row; bias points at their columns.
template <typename T, typename Args, typename Run>
void for_runs(CpuQueue& queue, const Args& a, const Run& run) {
  for_chunks(queue, a.count, [&](index_t begin, index_t end) {
    if (!a.bias) return run(begin, static_cast<const T*>(nullptr), end - begin);
    while (begin < end) {
      const index_t column = begin % a.columns, n = std::min(a.columns - column, end - begin);
      run(begin, a.bias + column, n);
      begin += n;
    }
  });
}

template <typename T>
void compute(Here, CpuQueue& queue, const GeluForward<T>& a) {
  for_runs<T>(queue, a, [&](index_t begin, const T* bias, index_t n) {
    T* const y = a.y + begin;
    const T* const x = a.x + begin;
    const auto loop = [&](auto u_at) {
#pragma omp simd
      for (index_t i = 0; i < n; ++i) {
        const T u = u_at(i);
        y[i] = u * fast_normal(u).cdf;
      }
    };
    if (bias)
      loop([=](index_t i) { return x[i] + bias[i]; });
    else
      loop([=](index_t i) { return x[i]; });
  });
}

template <typename T>
void compute(Here, CpuQueue& queue, const GeluBackward<T>& a) {
  for_runs<T>(queue, a, [&](index_t begin, const T* bias, index_t n) {
    T* const dx = a.dx + begin;
    const T *const dy = a.dy + begin, *const x = a.x + begin;
    const auto loop = [&](auto u_at) {
#pragma omp simd
      for (index_t i = 0; i < n; ++i) {
        const T u = u_at(i);
        const Normal<T> normal = fast_normal(u);
        dx[i] = dy[i] * (normal.cdf + u * normal.pdf);
      }
    };
    if (bias)
      loop([=](index_t i) { return x[i] + bias[i]; });
    else
      loop([=](index_t i) { return x[i]; });
  });
}

}  // namespace poster::kernels::POSTER_ISA

namespace poster::kernels {

template struct CpuKernel<POSTER_ISA::Here, GeluForward<float>>;
template struct CpuKernel<POSTER_ISA::Here, GeluForward<double>>;
template struct CpuKernel<POSTER_ISA::Here, GeluBackward<float>>;
template struct CpuKernel<POSTER_ISA::Here, GeluBackward<double>>;

}  // namespace poster::kernels
