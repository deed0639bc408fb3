#include "kernels/transpose/transpose.h"

#include <algorithm>

#include "kernels/cpu/isa.h"

namespace poster::kernels::POSTER_ISA {

constexpr index_t kTransposeTile = 32;

template <typename T>
void transpose_columns(const Transpose<T>& a, index_t sample, index_t first, index_t last) {
  const T* const x = a.x + sample * a.rows * a.x_stride;
  T* const out = a.out + sample * a.columns * a.out_stride;
  for (index_t row = 0; row < a.rows; row += kTransposeTile) {
    const index_t end = std::min(a.rows, row + kTransposeTile);
    for (index_t c = first; c < last; ++c)
      for (index_t r = row; r < end; ++r) out[c * a.out_stride + r] = x[r * a.x_stride + c];
  }
  for (index_t c = first; c < last; ++c)
    for (index_t r = a.rows; r < a.rows + a.padding; ++r) out[c * a.out_stride + r] = 0;
}

template <typename T>
void compute(Here, CpuQueue& queue, const Transpose<T>& a) {
  const index_t tiles = ceil_div(a.columns, kTransposeTile);
  queue.parallel_for(a.batch * tiles, [&](index_t task) {
    const index_t first = task % tiles * kTransposeTile;
    transpose_columns(a, task / tiles, first, std::min(a.columns, first + kTransposeTile));
  });
}

}  // namespace poster::kernels::POSTER_ISA

namespace poster::kernels {

template struct CpuKernel<POSTER_ISA::Here, Transpose<float>>;
template struct CpuKernel<POSTER_ISA::Here, Transpose<double>>;

}  // namespace poster::kernels
