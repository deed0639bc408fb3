#include "kernels/sigmoid_gate/sigmoid_gate.h"

#include "kernels/cpu/isa.h"
#include "kernels/cpu/row_blocks.h"
#include "kernels/cpu/vector_math.h"

namespace poster::kernels::POSTER_ISA {

template <typename T>
void compute(Here, CpuQueue& queue, const SigmoidGateForward<T>& a) {
  for_chunks(queue, a.count, [&](index_t begin, index_t end) {
    T* const y = a.y;
    const T *const x = a.x, *const z = a.z;
#pragma omp simd
    for (index_t i = begin; i < end; ++i) y[i] = x[i] * fast_sigmoid(z[i]);
  });
}

template <typename T>
void compute(Here, CpuQueue& queue, const SigmoidGateBackward<T>& a) {
  for_chunks(queue, a.count, [&](index_t begin, index_t end) {
    T *const dx = a.dx, *const dz = a.dz;
    const T *const dy = a.dy, *const x = a.x, *const z = a.z;
#pragma omp simd
    for (index_t i = begin; i < end; ++i) {
      const T s = fast_sigmoid(z[i]);
      const T d = dy[i] * s;
      dz[i] = d * x[i] * (1 - s);
      dx[i] = d;
    }
  });
}

}  // namespace poster::kernels::POSTER_ISA

namespace poster::kernels {

template struct CpuKernel<POSTER_ISA::Here, SigmoidGateForward<float>>;
template struct CpuKernel<POSTER_ISA::Here, SigmoidGateForward<double>>;
template struct CpuKernel<POSTER_ISA::Here, SigmoidGateBackward<float>>;
template struct CpuKernel<POSTER_ISA::Here, SigmoidGateBackward<double>>;

}  // namespace poster::kernels
