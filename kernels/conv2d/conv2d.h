// Dense 2-D convolution, square kernel, zero padding. Maps are N H W C, weights O H W I ([c_out, kernel,
// kernel, c_in]).
//
//   y[n, i, j, o] = bias[o] + sum over r, s, c of w[o, r, s, c] x[n, i stride + r - padding, j stride + s -
//   padding, c]
//
// Weight gradients are overwritten, never added to. Deterministic: the order of every sum depends on the
// sizes alone.
//
// In float, 3x3 convolutions of stride 1 may run as Winograd's minimal filtering (Lavin & Gray, "Fast
// Algorithms for Convolutional Neural Networks", CVPR 2016). Conv2dAccuracy says how far that may go.
#pragma once

#include "kernels/cpu_queue.h"
#include "kernels/cuda_queue.h"

namespace poster::kernels {

struct Conv2dShape {
  index_t batch, height, width, c_in, c_out;
  index_t kernel, stride = 1, padding = 0;

  index_t out_height() const { return (height + 2 * padding - kernel) / stride + 1; }
  index_t out_width() const { return (width + 2 * padding - kernel) / stride + 1; }
};

enum class Conv2dAccuracy {
  exact,  // sums of plain products
  high,   // F(2x2, 3x3): as accurate as a plain float sum, within a factor of about two
  fast,   // F(4x4, 3x3) too, where it is faster: relative error about 1e-5
};

template <typename T>
struct Conv2dForward {
  T* y;                     // [batch, out_height, out_width, c_out]
  const T* x;               // [batch, height, width, c_in]
  const T* w;               // [c_out, kernel, kernel, c_in]
  const T* bias = nullptr;  // [c_out]
  Conv2dShape shape;
  Conv2dAccuracy accuracy = Conv2dAccuracy::high;
};

template <typename T>
struct Conv2dBackwardData {
  T* dx;  // [batch, height, width, c_in], overwritten
  const T* dy;
  const T* w;
  Conv2dShape shape;
  Conv2dAccuracy accuracy = Conv2dAccuracy::fast;
};

template <typename T>
struct Conv2dBackwardWeights {
  acc_t<T>* dw;               // [c_out, kernel, kernel, c_in], overwritten
  acc_t<T>* dbias = nullptr;  // [c_out], overwritten
  const T* dy;
  const T* x;
  Conv2dShape shape;
  Conv2dAccuracy accuracy = Conv2dAccuracy::fast;
};

template <typename T>
void conv2d_forward(CpuQueue&, const Conv2dForward<T>&);
template <typename T>
void conv2d_forward(CudaQueue&, const Conv2dForward<T>&);
template <typename T>
void conv2d_backward_data(CpuQueue&, const Conv2dBackwardData<T>&);
template <typename T>
void conv2d_backward_data(CudaQueue&, const Conv2dBackwardData<T>&);
template <typename T>
void conv2d_backward_weights(CpuQueue&, const Conv2dBackwardWeights<T>&);
template <typename T>
void conv2d_backward_weights(CudaQueue&, const Conv2dBackwardWeights<T>&);

}  // namespace poster::kernels
