// PReLU with one slope for each channel: y = x where x > 0, else slope x. PyTorch's gradient at 0 is the
// slope's side. Source: He et al., "Delving Deep into Rectifiers", ICCV 2015. ReLU is the case of a null
// slope.
#pragma once

#include "kernels/op.h"

namespace poster::kernels {

template <typename T>
struct PReluForward {
  static constexpr const char* name = "prelu_forward";
  T* y;        // may be x where backward is not wanted
  const T* x;  // saved for backward by the caller
  const acc_t<T>* slope;
  index_t rows, channels;

  constexpr void operands(OperandTable& table) const {
    table.out("y", y, {rows, channels}).may_be(x);
    table.in("x", x, {rows, channels});
    table.in("slope", slope, {channels}).optional();
    table.require(channels >= 1, "channels must be at least 1");
  }
};

template <typename T>
struct PReluBackward {
  static constexpr const char* name = "prelu_backward";
  T* dx;
  acc_t<T>* dslope = nullptr;
  const T* dy;
  const T* x;
  const acc_t<T>* slope;
  index_t rows, channels;

  constexpr void operands(OperandTable& table) const {
    table.out("dx", dx, {rows, channels}).may_be(dy);
    table.out("dslope", dslope, {channels}).optional();
    table.in("dy", dy, {rows, channels});
    table.in("x", x, {rows, channels});
    table.in("slope", slope, {channels}).optional();
    table.require(channels >= 1, "channels must be at least 1");
    table.require(!slope == !dslope, "dslope is given exactly when slope is");
  }
};

}  // namespace poster::kernels
