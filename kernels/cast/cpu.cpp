#include "kernels/cast/cast.h"

#include <algorithm>

#include "kernels/cpu/isa.h"
#include "kernels/cpu/row_blocks.h"

namespace poster::kernels::POSTER_ISA {

// The CPU computes in types that round nothing: a copy.
template <typename T>
void compute(Here, CpuQueue& queue, const Cast<T>& a) {
  for_chunks(queue, a.count,
             [&](index_t begin, index_t end) { std::copy(a.x + begin, a.x + end, a.y + begin); });
}

}  // namespace poster::kernels::POSTER_ISA

namespace poster::kernels {

template struct CpuKernel<POSTER_ISA::Here, Cast<float>>;
template struct CpuKernel<POSTER_ISA::Here, Cast<double>>;

}  // namespace poster::kernels
