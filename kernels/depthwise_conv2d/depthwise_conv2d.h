// Depthwise 2-D convolution: one filter for each channel. Maps N H W C, weights [kernel, kernel, channels].
//
//   y[n, i, j, c] = sum over r, s of w[r, s, c] x[n, i stride + r - padding, j stride + s - padding, c]
//
// For inference, where a batch norm behind it is folded into w and a bias, with the PReLUs on both sides:
//
//   y = prelu(bias + the same sum over prelu(x, x_slope), slope)
//
// Deterministic.
#pragma once

#include "kernels/op.h"

namespace poster::kernels {

struct DepthwiseConv2dShape {
  index_t batch, height, width, channels;
  index_t kernel, stride = 1, padding = 0;

  [[gnu::always_inline]] constexpr index_t out_height() const { return out_size(height); }
  [[gnu::always_inline]] constexpr index_t out_width() const { return out_size(width); }
  // Only the batch may be empty.
  constexpr void require(OperandTable& table) const {
    table.require(height >= 1 && width >= 1 && channels >= 1 && kernel >= 1 && stride >= 1 && padding >= 0 &&
                      kernel <= height + 2 * padding && kernel <= width + 2 * padding,
                  "sizes, kernel and stride must be at least 1, and the kernel fit into the padded map");
  }

 private:
  [[gnu::always_inline]] constexpr index_t out_size(index_t size) const {
    return stride < 1 || size + 2 * padding < kernel ? 0 : (size + 2 * padding - kernel) / stride + 1;
  }
};

template <typename T>
struct DepthwiseConv2dForward {
  static constexpr const char* name = "depthwise_conv2d_forward";
  T* y;
  const T* x;
  const acc_t<T>* w;
  DepthwiseConv2dShape shape;

  constexpr void operands(OperandTable& table) const {
    const DepthwiseConv2dShape& s = shape;
    table.out("y", y, {s.batch, s.out_height(), s.out_width(), s.channels});
    table.in("x", x, {s.batch, s.height, s.width, s.channels});
    table.in("w", w, {s.kernel, s.kernel, s.channels});
    s.require(table);
  }
};

template <typename T>
struct DepthwiseConv2dPRelu {
  static constexpr const char* name = "depthwise_conv2d_prelu";
  T* y;
  const T* x;
  const acc_t<T>* x_slope = nullptr;  // null: x is taken as it is
  const acc_t<T>* w;
  const acc_t<T>* bias;
  const acc_t<T>* slope;
  DepthwiseConv2dShape shape;

  constexpr void operands(OperandTable& table) const {
    const DepthwiseConv2dShape& s = shape;
    table.out("y", y, {s.batch, s.out_height(), s.out_width(), s.channels});
    table.in("x", x, {s.batch, s.height, s.width, s.channels});
    table.in("x_slope", x_slope, {s.channels}).optional();
    table.in("w", w, {s.kernel, s.kernel, s.channels});
    table.in("bias", bias, {s.channels});
    table.in("slope", slope, {s.channels});
    s.require(table);
  }
};

template <typename T>
struct DepthwiseConv2dBackward {
  static constexpr const char* name = "depthwise_conv2d_backward";
  T* dx = nullptr;  // null when nobody wants it; so dw
  acc_t<T>* dw = nullptr;
  const T* dy;
  const T* x;
  const acc_t<T>* w;
  DepthwiseConv2dShape shape;

  constexpr void operands(OperandTable& table) const {
    const DepthwiseConv2dShape& s = shape;
    table.out("dx", dx, {s.batch, s.height, s.width, s.channels}).optional();
    table.out("dw", dw, {s.kernel, s.kernel, s.channels}).optional();
    table.in("dy", dy, {s.batch, s.out_height(), s.out_width(), s.channels});
    table.in("x", x, {s.batch, s.height, s.width, s.channels});
    table.in("w", w, {s.kernel, s.kernel, s.channels});
    s.require(table);
  }
};

}  // namespace poster::kernels
