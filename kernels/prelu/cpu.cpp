#include "kernels/prelu/prelu.h"

#include "kernels/cpu/isa.h"
#include "kernels/cpu/row_blocks.h"

namespace poster::kernels::POSTER_ISA {

template <typename T>
void compute(Here, CpuQueue& queue, const PReluForward<T>& a) {
  if (!a.slope) {
    for_chunks(queue, a.rows * a.channels, [&](index_t begin, index_t end) {
      T* const y = a.y;
      const T* const x = a.x;
#pragma omp simd
      for (index_t i = begin; i < end; ++i) y[i] = x[i] <= 0 ? T(0) : x[i];  // NaN stays
    });
    return;
  }
  const RowBlocks blocks(a.rows, a.channels);
  queue.parallel_for(blocks.count, [&](index_t block) {
    for (index_t r = blocks.begin(block); r < blocks.end(block); ++r) {
      T* const y = a.y + r * a.channels;
      const T* const x = a.x + r * a.channels;
      const T* const slope = a.slope;
#pragma omp simd
      for (index_t c = 0; c < a.channels; ++c) y[c] = x[c] > 0 ? x[c] : slope[c] * x[c];
    }
  });
}

template <typename T>
void compute(Here, CpuQueue& queue, const PReluBackward<T>& a) {
  if (!a.slope) {
    for_chunks(queue, a.rows * a.channels, [&](index_t begin, index_t end) {
      T* const dx = a.dx;
      const T *const dy = a.dy, *const x = a.x;
#pragma omp simd
      for (index_t i = begin; i < end; ++i) dx[i] = x[i] <= 0 ? T(0) : dy[i];
    });
    return;
  }
  const RowBlocks blocks(a.rows, a.channels);
  T* const partials = queue.shared_scratch<T>(blocks.count * a.channels);
  queue.parallel_for(blocks.count, [&](index_t block) {
    T* const sum = partials + block * a.channels;
    for (index_t c = 0; c < a.channels; ++c) sum[c] = 0;
    for (index_t r = blocks.begin(block); r < blocks.end(block); ++r) {
      T* const dx = a.dx + r * a.channels;
      const T *const dy = a.dy + r * a.channels, *const x = a.x + r * a.channels;
      const T* const slope = a.slope;
#pragma omp simd
      for (index_t c = 0; c < a.channels; ++c) {
        const T d = dy[c];
        const bool positive = x[c] > 0;
        sum[c] += positive ? T(0) : d * x[c];
        dx[c] = positive ? d : slope[c] * d;
      }
    }
  });
  sum_blocks(queue, partials, blocks.count, a.channels,
             [&](index_t c, double sum) { a.dslope[c] = static_cast<T>(sum); });
}

}  // namespace poster::kernels::POSTER_ISA

namespace poster::kernels {

template struct CpuKernel<POSTER_ISA::Here, PReluForward<float>>;
template struct CpuKernel<POSTER_ISA::Here, PReluForward<double>>;
template struct CpuKernel<POSTER_ISA::Here, PReluBackward<float>>;
template struct CpuKernel<POSTER_ISA::Here, PReluBackward<double>>;

}  // namespace poster::kernels
