// Fused scale + bias + mask + softmax over the last dimension: y = exp(s - max) / sum, s = scale x + bias,
// -inf where the mask is 0. A row with nothing left is NaN, as in PyTorch. Backward: dx (the gradient of the
// bias is dx / scale summed over the rows that share it) = scale y (dy - dot(dy, y)). Deterministic.
#pragma once

#include "kernels/cpu_queue.h"
#include "kernels/cuda_queue.h"

namespace poster::kernels {

template <typename T>
struct SoftmaxForward {
  T* y;                                // [rows, columns], saved for backward by the caller; may be x
  const T* x;                          // [rows, columns]
  const acc_t<T>* bias = nullptr;      // [bias_rows, columns]: row r takes row r mod bias_rows; null for 0
  const std::uint8_t* mask = nullptr;  // [rows, columns], 0: left out; null: nothing is
  index_t rows, columns;
  index_t bias_rows = 1;
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
void softmax_forward(CudaQueue&, const SoftmaxForward<T>&);
template <typename T>
void softmax_backward(CpuQueue&, const SoftmaxBackward<T>&);
template <typename T>
void softmax_backward(CudaQueue&, const SoftmaxBackward<T>&);

}  // namespace poster::kernels
