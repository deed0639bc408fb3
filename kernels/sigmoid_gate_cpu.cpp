#include "kernels/sigmoid_gate.h"

#include <cmath>

#include "kernels/cpu/isa.h"

namespace poster::kernels::POSTER_ISA {

template <typename T>
void sigmoid_gate_forward(CpuQueue&, const SigmoidGateForward<T>& a) {
  for (index_t i = 0; i < a.count; ++i) a.y[i] = a.x[i] / (1 + std::exp(-a.z[i]));
}

template <typename T>
void sigmoid_gate_backward(CpuQueue&, const SigmoidGateBackward<T>& a) {
  for (index_t i = 0; i < a.count; ++i) {
    const T s = 1 / (1 + std::exp(-a.z[i]));
    const T dy = a.dy[i];
    a.dz[i] = dy * a.x[i] * s * (1 - s);
    a.dx[i] = dy * s;
  }
}

}  // namespace poster::kernels::POSTER_ISA

POSTER_CPU_KERNEL(sigmoid_gate_forward, SigmoidGateForward)
POSTER_CPU_KERNEL(sigmoid_gate_backward, SigmoidGateBackward)
