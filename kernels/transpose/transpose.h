// Transposes a matrix for each image, between strided matrices:
//
//   out[b][c][r] = x[b][r][c], and zeros for r in [rows, rows + padding)
//
// Strides let halves of the tokens of an image lie apart on one side and side by side on the other, and pick
// single columns. The matrices of a batch follow one another. No sums: exact.
#pragma once

#include "kernels/op.h"

namespace poster::kernels {

template <typename T>
struct Transpose {
  static constexpr const char* name = "transpose";
  T* out;
  const T* x;
  index_t batch, rows, columns;  // of x
  index_t out_stride, x_stride;  // elements from one row of a matrix to the next
  index_t padding = 0;           // zeros behind each row of out

  constexpr void operands(OperandTable& table) const {
    table.out("out", out, {batch, columns, rows + padding}).rows_apart(out_stride);
    table.in("x", x, {batch, rows, columns}).rows_apart(x_stride);
    table.require(padding >= 0, "padding must not be negative");
  }
};

}  // namespace poster::kernels
