#include <algorithm>

#include "kernels/column_sum/column_sum.h"
#include "kernels/cpu/isa.h"

namespace poster::kernels::POSTER_ISA {

template <typename T>
void compute(Here, CpuQueue& queue, const ColumnSum<T>& a) {
  constexpr index_t kRowsPerTask = 512;
  const index_t tasks = std::max<index_t>(1, std::min<index_t>(32, a.rows / kRowsPerTask));
  const index_t rows = ceil_div(a.rows, tasks);
  T* const partial = queue.shared_scratch<T>(tasks * a.columns);
  queue.parallel_for(tasks, [&](index_t task) {
    T* const sum = partial + task * a.columns;
    std::fill_n(sum, a.columns, T(0));
    const index_t end = std::min(a.rows, (task + 1) * rows);
    for (index_t r = task * rows; r < end; ++r) {
      const T* const x = a.x + r * a.columns;
      for (index_t c = 0; c < a.columns; ++c) sum[c] += x[c];
    }
  });
  for (index_t c = 0; c < a.columns; ++c) {
    T sum = 0;
    for (index_t task = 0; task < tasks; ++task) sum += partial[task * a.columns + c];
    a.out[c] = a.accumulate ? a.out[c] + sum : sum;
  }
}

}  // namespace poster::kernels::POSTER_ISA

namespace poster::kernels {

template struct CpuKernel<POSTER_ISA::Here, ColumnSum<float>>;
template struct CpuKernel<POSTER_ISA::Here, ColumnSum<double>>;

}  // namespace poster::kernels
