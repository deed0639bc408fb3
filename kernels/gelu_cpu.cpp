#include "kernels/gelu.h"

#include "kernels/cpu/isa.h"
#include "kernels/cpu/row_blocks.h"
#include "kernels/cpu/vector_math.h"

namespace poster::kernels::POSTER_ISA {

template <typename T>
void gelu_forward(CpuQueue& queue, const GeluForward<T>& a) {
  for_chunks(queue, a.count, [&](index_t begin, index_t end) {
    T* const y = a.y;
    const T* const x = a.x;
#pragma omp simd
    for (index_t i = begin; i < end; ++i) y[i] = x[i] * fast_normal(x[i]).cdf;
  });
}

template <typename T>
void gelu_backward(CpuQueue& queue, const GeluBackward<T>& a) {
  for_chunks(queue, a.count, [&](index_t begin, index_t end) {
    T* const dx = a.dx;
    const T* const dy = a.dy;
    const T* const x = a.x;
#pragma omp simd
    for (index_t i = begin; i < end; ++i) {
      const Normal<T> normal = fast_normal(x[i]);
      dx[i] = dy[i] * (normal.cdf + x[i] * normal.pdf);
    }
  });
}

}  // namespace poster::kernels::POSTER_ISA

POSTER_CPU_KERNEL(gelu_forward, GeluForward)
POSTER_CPU_KERNEL(gelu_backward, GeluBackward)
