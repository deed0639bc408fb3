// GELU, exact: y = u Φ(u) = u (1 + erf(u / √2)) / 2 with u = x + bias, elementwise.
// Source: Hendrycks & Gimpel, "Gaussian Error Linear Units", 2016. Not the tanh form, which differs by up to
// 5e-4.
#pragma once

#include "kernels/cpu_queue.h"
#include "kernels/cuda_queue.h"

namespace poster::kernels {

template <typename T>
struct GeluForward {
  T* y;                            // [count]; may be x where backward is not wanted
  const T* x;                      // [count], saved for backward by the caller
  const acc_t<T>* bias = nullptr;  // [columns], of the linear layer before; null for 0
  index_t count;
  index_t columns = 0;  // count is a multiple of it; needed with bias alone
};

template <typename T>
struct GeluBackward {
  T* dx;  // [count], overwritten; may be dy
  const T* dy;
  const T* x;
  const acc_t<T>* bias = nullptr;
  index_t count;
  index_t columns = 0;
};

template <typename T>
void gelu_forward(CpuQueue&, const GeluForward<T>&);
template <typename T>
void gelu_forward(CudaQueue&, const GeluForward<T>&);
template <typename T>
void gelu_backward(CpuQueue&, const GeluBackward<T>&);
template <typename T>
void gelu_backward(CudaQueue&, const GeluBackward<T>&);

}  // namespace poster::kernels
