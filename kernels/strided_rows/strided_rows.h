// Copies or adds rows between two strided matrices: out[r] = x[r], or out[r] += x[r]. Takes the class token
// out of the tokens of each image, and brings its gradient back.
#pragma once

#include "kernels/op.h"

namespace poster::kernels {

template <typename T>
struct StridedRows {
  static constexpr const char* name = "strided_rows";
  T* out;
  const T* x;
  index_t rows, columns;
  index_t out_stride, x_stride;  // elements from one row to the next
  bool accumulate = false;

  constexpr void operands(OperandTable& table) const {
    table.out("out", out, {rows, columns}).rows_apart(out_stride).added(accumulate);
    table.in("x", x, {rows, columns}).rows_apart(x_stride);
  }
};

}  // namespace poster::kernels
