// Dense 2-D convolution, square kernel, zero padding. Maps are N H W C, weights O H W I ([c_out, kernel,
// kernel, c_in]).
//
//   y[n, i, j, o] = bias[o] + sum over r, s, c of w[o, r, s, c] x[n, i stride + r - padding, j stride + s -
//   padding, c]
//
// Deterministic: the order of every sum depends on the sizes alone.
//
// In float, 3x3 convolutions of stride 1 may run as Winograd's minimal filtering (Lavin & Gray, "Fast
// Algorithms for Convolutional Neural Networks", CVPR 2016). Conv2dAccuracy says how far that may go.
#pragma once

#include "kernels/op.h"

namespace poster::kernels {

struct Conv2dShape {
  index_t batch, height, width, c_in, c_out;
  index_t kernel, stride = 1, padding = 0;

  [[gnu::always_inline]] constexpr index_t out_height() const { return out_size(height); }
  [[gnu::always_inline]] constexpr index_t out_width() const { return out_size(width); }
  // Of its products, in each direction.
  constexpr double flops() const {
    return 2.0 * static_cast<double>(batch * out_height() * out_width() * c_out) *
           static_cast<double>(kernel * kernel * c_in);
  }
  // Only the batch may be empty.
  constexpr void require(OperandTable& table) const {
    table.require(height >= 1 && width >= 1 && c_in >= 1 && c_out >= 1 && kernel >= 1 && stride >= 1 &&
                      padding >= 0 && kernel <= height + 2 * padding && kernel <= width + 2 * padding,
                  "sizes, kernel and stride must be at least 1, and the kernel fit into the padded map");
  }

 private:
  [[gnu::always_inline]] constexpr index_t out_size(index_t size) const {
    return stride < 1 || size + 2 * padding < kernel ? 0 : (size + 2 * padding - kernel) / stride + 1;
  }
};

enum class Conv2dAccuracy {
  exact,  // sums of plain products
  high,   // F(2x2, 3x3): as accurate as a plain float sum, within a factor of about two
  fast,   // F(4x4, 3x3) too, where it is faster: relative error about 1e-5
};

template <typename T>
struct Conv2dForward {
  static constexpr const char* name = "conv2d_forward";
  T* y;
  const T* x;
  const T* w;
  const T* bias = nullptr;
  Conv2dShape shape;
  Conv2dAccuracy accuracy = Conv2dAccuracy::high;

  constexpr void operands(OperandTable& table) const {
    const Conv2dShape& s = shape;
    table.out("y", y, {s.batch, s.out_height(), s.out_width(), s.c_out});
    table.in("x", x, {s.batch, s.height, s.width, s.c_in});
    table.in("w", w, {s.c_out, s.kernel, s.kernel, s.c_in});
    table.in("bias", bias, {s.c_out}).optional();
    s.require(table);
  }
  constexpr double flops() const { return shape.flops(); }
};

// With what usually follows a convolution in a network that only answers:
//
//   y = prelu(z, slope) + residual, z as y above     (slope null: no PReLU; residual null: nothing added)
template <typename T>
struct Conv2dForwardEval {
  static constexpr const char* name = "conv2d_forward_eval";
  T* y;
  const T* x;
  const T* w;
  const T* bias = nullptr;
  const acc_t<T>* slope = nullptr;
  const T* residual = nullptr;
  Conv2dShape shape;
  Conv2dAccuracy accuracy = Conv2dAccuracy::fast;

  constexpr void operands(OperandTable& table) const {
    const Conv2dShape& s = shape;
    table.out("y", y, {s.batch, s.out_height(), s.out_width(), s.c_out});
    table.in("x", x, {s.batch, s.height, s.width, s.c_in});
    table.in("w", w, {s.c_out, s.kernel, s.kernel, s.c_in});
    table.in("bias", bias, {s.c_out}).optional();
    table.in("slope", slope, {s.c_out}).optional();
    table.in("residual", residual, {s.batch, s.out_height(), s.out_width(), s.c_out}).optional();
    s.require(table);
  }
  constexpr double flops() const { return shape.flops(); }
};

template <typename T>
struct Conv2dBackwardData {
  static constexpr const char* name = "conv2d_backward_data";
  T* dx;
  const T* dy;
  const T* w;
  Conv2dShape shape;
  Conv2dAccuracy accuracy = Conv2dAccuracy::fast;

  constexpr void operands(OperandTable& table) const {
    const Conv2dShape& s = shape;
    table.out("dx", dx, {s.batch, s.height, s.width, s.c_in});
    table.in("dy", dy, {s.batch, s.out_height(), s.out_width(), s.c_out});
    table.in("w", w, {s.c_out, s.kernel, s.kernel, s.c_in});
    s.require(table);
  }
  constexpr double flops() const { return shape.flops(); }
};

template <typename T>
struct Conv2dBackwardWeights {
  static constexpr const char* name = "conv2d_backward_weights";
  acc_t<T>* dw;
  acc_t<T>* dbias = nullptr;
  const T* dy;
  const T* x;
  Conv2dShape shape;
  Conv2dAccuracy accuracy = Conv2dAccuracy::fast;

  constexpr void operands(OperandTable& table) const {
    const Conv2dShape& s = shape;
    table.out("dw", dw, {s.c_out, s.kernel, s.kernel, s.c_in});
    table.out("dbias", dbias, {s.c_out}).optional();
    table.in("dy", dy, {s.batch, s.out_height(), s.out_width(), s.c_out});
    table.in("x", x, {s.batch, s.height, s.width, s.c_in});
    s.require(table);
  }
  constexpr double flops() const { return shape.flops(); }
};

}  // namespace poster::kernels
