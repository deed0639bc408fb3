// y = x rounded to T (to nearest even), elementwise: from float inputs to 16-bit maps, and flat weights.
#pragma once

#include "kernels/op.h"

namespace poster::kernels {

template <typename T>
struct Cast {
  static constexpr const char* name = "cast";
  T* y;
  const acc_t<T>* x;
  index_t count;

  constexpr void operands(OperandTable& table) const {
    table.out("y", y, {count});
    table.in("x", x, {count});
  }
};

}  // namespace poster::kernels
