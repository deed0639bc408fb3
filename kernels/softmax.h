// Fused scale + softmax over the last dimension: y = exp(scale x - max) / sum.
// Backward: dx = scale y (dy - dot(dy, y)). Deterministic.
#pragma once

#include "kernels/cpu_queue.h"

namespace poster::kernels {

template <typename T>
struct SoftmaxForward {
  T* y;        // [rows, columns], saved for backward by the caller; may be x
  const T* x;  // [rows, columns]
  index_t rows, columns;
  double scale = 1;
};

template <typename T>
struct SoftmaxBackward {
  T* dx;  // [rows, columns], overwritten; may be dy
  const T* dy;
  const T* y;
  index_t rows, columns;
  double scale = 1;
};

template <typename T>
void softmax_forward(CpuQueue&, const SoftmaxForward<T>&);
template <typename T>
void softmax_backward(CpuQueue&, const SoftmaxBackward<T>&);

}  // namespace poster::kernels
