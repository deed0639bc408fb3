// Fused scale + bias + mask + softmax over the last dimension: y = exp(s - max) / sum, s = scale x + bias,
// -inf where the mask is 0. A row with nothing left is NaN, as in PyTorch. Backward: dx (the gradient of the
// bias is dx / scale summed over the rows that share it) = scale y (dy - dot(dy, y)). Deterministic.
#pragma once

#include "kernels/op.h"

namespace poster::kernels {

template <typename T>
struct SoftmaxForward {
  static constexpr const char* name = "softmax_forward";
  T* y;  // saved for backward by the caller
  const T* x;
  const acc_t<T>* bias = nullptr;      // row r takes its row r mod bias_rows; null for 0
  const std::uint8_t* mask = nullptr;  // 0: left out; null: nothing is
  index_t rows, columns;
  index_t bias_rows = 1;
  double scale = 1;

  constexpr void operands(OperandTable& table) const {
    table.out("y", y, {rows, columns}).may_be(x);
    table.in("x", x, {rows, columns});
    table.in("bias", bias, {bias_rows, columns}).optional();
    table.in("mask", mask, {rows, columns}).optional();
    table.require(bias_rows > 0, "bias_rows must be at least 1");
  }
};

template <typename T>
struct SoftmaxBackward {
  static constexpr const char* name = "softmax_backward";
  T* dx;
  const T* dy;
  const T* y;
  index_t rows, columns;
  double scale = 1;

  constexpr void operands(OperandTable& table) const {
    table.out("dx", dx, {rows, columns}).may_be(dy);
    table.in("dy", dy, {rows, columns});
    table.in("y", y, {rows, columns});
  }
};

}  // namespace poster::kernels
