// The gate of a squeeze-and-excitation block: y = x ⊙ sigmoid(z), elementwise.
// Source: Hu et al., "Squeeze-and-Excitation Networks", CVPR 2018. The two linear maps before it are matmul
// and prelu.
#pragma once

#include "kernels/op.h"

namespace poster::kernels {

template <typename T>
struct SigmoidGateForward {
  static constexpr const char* name = "sigmoid_gate_forward";
  T* y;
  const T* x;
  const T* z;
  index_t count;

  constexpr void operands(OperandTable& table) const {
    table.out("y", y, {count});
    table.in("x", x, {count});
    table.in("z", z, {count});
  }
};

template <typename T>
struct SigmoidGateBackward {
  static constexpr const char* name = "sigmoid_gate_backward";
  T* dx;
  T* dz;
  const T* dy;
  const T* x;
  const T* z;
  index_t count;

  constexpr void operands(OperandTable& table) const {
    table.out("dx", dx, {count}).may_be(dy);
    table.out("dz", dz, {count});
    table.in("dy", dy, {count});
    table.in("x", x, {count});
    table.in("z", z, {count});
  }
};

}  // namespace poster::kernels
