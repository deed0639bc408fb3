#include <algorithm>

#include "kernels/cpu/isa.h"
#include "kernels/strided_rows/strided_rows.h"

namespace poster::kernels::POSTER_ISA {

template <typename T>
void compute(Here, CpuQueue& queue, const StridedRows<T>& a) {
  constexpr index_t kRowsPerTask = 16;
  queue.parallel_for(ceil_div(a.rows, kRowsPerTask), [&](index_t task) {
    const index_t end = std::min(a.rows, (task + 1) * kRowsPerTask);
    for (index_t r = task * kRowsPerTask; r < end; ++r) {
      T* out = a.out + r * a.out_stride;
      const T* x = a.x + r * a.x_stride;
      if (a.accumulate) {
        for (index_t c = 0; c < a.columns; ++c) out[c] += x[c];
      } else {
        for (index_t c = 0; c < a.columns; ++c) out[c] = x[c];
      }
    }
  });
}

}  // namespace poster::kernels::POSTER_ISA

namespace poster::kernels {

template struct CpuKernel<POSTER_ISA::Here, StridedRows<float>>;
template struct CpuKernel<POSTER_ISA::Here, StridedRows<double>>;

}  // namespace poster::kernels
