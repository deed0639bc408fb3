#include "kernels/layer_norm/layer_norm.h"

#include <cmath>

#include "kernels/cpu/isa.h"
#include "kernels/cpu/row_blocks.h"

namespace poster::kernels::POSTER_ISA {

// One loop over a row is a chain of dependent additions: several vectors of partial sums keep the adders
// busy.
constexpr index_t kLanes = 64;

// Sum over i in [0, n) of f(i), in a fixed order.
template <typename T, typename F>
T sum_over(index_t n, F f) {
  T lanes[kLanes] = {};
  index_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
#pragma omp simd
    for (index_t l = 0; l < kLanes; ++l) lanes[l] += f(i + l);
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (index_t l = 0; l < kLanes; ++l) sum += lanes[l];
#pragma omp simd reduction(+ : sum)
  for (index_t j = i; j < n; ++j) sum += f(j);
  return sum;
}

// Calls before(row) before a row of a.x is read.
template <typename T, typename Before>
void forward(CpuQueue& queue, const LayerNormForward<T>& a, Before before) {
  const RowBlocks blocks(a.rows, a.columns);
  const index_t n = a.columns;
  queue.parallel_for(blocks.count, [&](index_t block) {
    const T *const gamma = a.gamma, *const beta = a.beta;
    for (index_t r = blocks.begin(block); r < blocks.end(block); ++r) {
      before(r);
      const T* const x = a.x + r * n;
      T* const y = a.y + r * n;
      const T mean = sum_over<T>(n, [=](index_t c) { return x[c]; }) / static_cast<T>(n);
      const T squares = sum_over<T>(n, [=](index_t c) { return (x[c] - mean) * (x[c] - mean); });
      const T rstd = 1 / std::sqrt(squares / static_cast<T>(n) + static_cast<T>(a.eps));
#pragma omp simd
      for (index_t c = 0; c < n; ++c) y[c] = (x[c] - mean) * rstd * gamma[c] + beta[c];
      if (a.mean) {
        a.mean[r] = mean;
        a.rstd[r] = rstd;
      }
    }
  });
}

template <typename T>
void compute(Here, CpuQueue& queue, const LayerNormForward<T>& a) {
  forward(queue, a, [](index_t) {});
}

template <typename T>
void compute(Here, CpuQueue& queue, const LayerNormForwardOfSum<T>& a) {
  forward(queue, a.norm(), [&](index_t r) {
    const index_t n = a.columns;
    T* const sum = a.sum + r * n;
    const T *const x = a.x + r * n, *const f = a.f + r * n, *const scale = a.scale;
    const T keep = a.keep ? a.keep[r / a.rows] : T(1);
    if (scale) {  // NOLINT(bugprone-branch-clone): it doesn't look into loops behind a pragma
#pragma omp simd
      for (index_t c = 0; c < n; ++c) sum[c] = x[c] + keep * (scale[c] * f[c]);
    } else {
#pragma omp simd
      for (index_t c = 0; c < n; ++c) sum[c] = x[c] + keep * f[c];
    }
  });
}

template <typename T>
void compute(Here, CpuQueue& queue, const LayerNormBackward<T>& a) {
  const RowBlocks blocks(a.rows, a.columns);
  const index_t n = a.columns;
  T* const partials = queue.shared_scratch<T>(blocks.count * 2 * n);
  queue.parallel_for(blocks.count, [&](index_t block) {
    T *const dgamma = partials + block * 2 * n, *const dbeta = dgamma + n;
    for (index_t c = 0; c < 2 * n; ++c) dgamma[c] = 0;
    const T* const gamma = a.gamma;
    for (index_t r = blocks.begin(block); r < blocks.end(block); ++r) {
      const T *const x = a.x + r * n, *const dy = a.dy + r * n;
      T* const dx = a.dx + r * n;
      const T mean = a.mean[r], rstd = a.rstd[r];
      // With h = (x - mean) rstd and g = gamma dy: dx = rstd (g - mean(g) - h mean(g h)).
      T sum_g = 0, sum_gh = 0;
#pragma omp simd reduction(+ : sum_g, sum_gh)
      for (index_t c = 0; c < n; ++c) {
        const T h = (x[c] - mean) * rstd;
        const T g = dy[c] * gamma[c];
        dgamma[c] += dy[c] * h;
        dbeta[c] += dy[c];
        sum_g += g;
        sum_gh += g * h;
      }
      const T mean_g = sum_g / static_cast<T>(n), slope = rstd * sum_gh / static_cast<T>(n);
      if (a.dx_add) {
        const T* const add = a.dx_add + r * n;
#pragma omp simd
        for (index_t c = 0; c < n; ++c)
          dx[c] = add[c] + rstd * (dy[c] * gamma[c] - mean_g - (x[c] - mean) * slope);
      } else {
#pragma omp simd
        for (index_t c = 0; c < n; ++c) dx[c] = rstd * (dy[c] * gamma[c] - mean_g - (x[c] - mean) * slope);
      }
    }
  });
  sum_blocks(queue, partials, blocks.count, 2 * n,
             [&](index_t i, double sum) { (i < n ? a.dgamma[i] : a.dbeta[i - n]) = static_cast<T>(sum); });
}

}  // namespace poster::kernels::POSTER_ISA

namespace poster::kernels {

template struct CpuKernel<POSTER_ISA::Here, LayerNormForward<float>>;
template struct CpuKernel<POSTER_ISA::Here, LayerNormForward<double>>;
template struct CpuKernel<POSTER_ISA::Here, LayerNormForwardOfSum<float>>;
template struct CpuKernel<POSTER_ISA::Here, LayerNormForwardOfSum<double>>;
template struct CpuKernel<POSTER_ISA::Here, LayerNormBackward<float>>;
template struct CpuKernel<POSTER_ISA::Here, LayerNormBackward<double>>;

}  // namespace poster::kernels
