// Depthwise 2-D convolution: one filter for each channel. Maps N H W C, weights [kernel, kernel, channels].
//
//   y[n, i, j, c] = sum over r, s of w[r, s, c] x[n, i stride + r - padding, j stride + s - padding, c]
//
// Gradients are overwritten. Deterministic.
#pragma once

#include "kernels/cpu_queue.h"
#include "kernels/cuda_queue.h"

namespace poster::kernels {

struct DepthwiseConv2dShape {
  index_t batch, height, width, channels;
  index_t kernel, stride = 1, padding = 0;

  index_t out_height() const { return (height + 2 * padding - kernel) / stride + 1; }
  index_t out_width() const { return (width + 2 * padding - kernel) / stride + 1; }
};

template <typename T>
struct DepthwiseConv2dForward {
  T* y;               // [batch, out_height, out_width, channels]
  const T* x;         // [batch, height, width, channels]
  const acc_t<T>* w;  // [kernel, kernel, channels]
  DepthwiseConv2dShape shape;
};

template <typename T>
struct DepthwiseConv2dBackward {
  T* dx = nullptr;         // [batch, height, width, channels], or null when nobody wants it
  acc_t<T>* dw = nullptr;  // [kernel, kernel, channels], or null
  const T* dy;
  const T* x;
  const acc_t<T>* w;
  DepthwiseConv2dShape shape;
};

template <typename T>
void depthwise_conv2d_forward(CpuQueue&, const DepthwiseConv2dForward<T>&);
template <typename T>
void depthwise_conv2d_forward(CudaQueue&, const DepthwiseConv2dForward<T>&);
template <typename T>
void depthwise_conv2d_backward(CpuQueue&, const DepthwiseConv2dBackward<T>&);
template <typename T>
void depthwise_conv2d_backward(CudaQueue&, const DepthwiseConv2dBackward<T>&);

}  // namespace poster::kernels
