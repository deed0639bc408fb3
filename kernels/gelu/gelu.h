// GELU, exact: y = u Φ(u) = u (1 + erf(u / √2)) / 2 with u = x + bias, elementwise.
// Source: Hendrycks & Gimpel, "Gaussian Error Linear Units", 2016. Not the tanh form, which differs by up to
// 5e-4.
#pragma once

#include "kernels/op.h"

namespace poster::kernels {

template <typename T>
struct GeluForward {
  static constexpr const char* name = "gelu_forward";
  T* y;                            // may be x where backward is not wanted
  const T* x;                      // saved for backward by the caller
  const acc_t<T>* bias = nullptr;  // of the linear layer before; null for 0
  index_t count;
  index_t columns = 0;  // needed with bias alone

  constexpr void operands(OperandTable& table) const {
    table.out("y", y, {count}).may_be(x);
    table.in("x", x, {count});
    table.in("bias", bias, {columns}).optional();
    table.require(!bias || (columns > 0 && count % columns == 0), "count must be a multiple of columns");
  }
};

template <typename T>
struct GeluBackward {
  static constexpr const char* name = "gelu_backward";
  T* dx;
  const T* dy;
  const T* x;
  const acc_t<T>* bias = nullptr;
  index_t count;
  index_t columns = 0;

  constexpr void operands(OperandTable& table) const {
    table.out("dx", dx, {count}).may_be(dy);
    table.in("dy", dy, {count});
    table.in("x", x, {count});
    table.in("bias", bias, {columns}).optional();
    table.require(!bias || (columns > 0 && count % columns == 0), "count must be a multiple of columns");
  }
};

}  // namespace poster::kernels
