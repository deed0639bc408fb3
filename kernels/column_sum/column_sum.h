// out[c] = sum over rows of x[r, c] (+ out[c] when accumulate): the bias gradient of a linear layer or
// convolution. Deterministic: the order of every sum depends on the sizes alone.
#pragma once

#include "kernels/op.h"

namespace poster::kernels {

template <typename T>
struct ColumnSum {
  static constexpr const char* name = "column_sum";
  acc_t<T>* out;
  const T* x;
  index_t rows, columns;
  bool accumulate = false;

  constexpr void operands(OperandTable& table) const {
    table.out("out", out, {columns}).added(accumulate);
    table.in("x", x, {rows, columns});
  }
};

}  // namespace poster::kernels
