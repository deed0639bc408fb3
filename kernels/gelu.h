// GELU, exact: y = x Φ(x) = x (1 + erf(x / √2)) / 2, elementwise.
// Source: Hendrycks & Gimpel, "Gaussian Error Linear Units", 2016. Not the tanh form, which differs by up to
// 5e-4.
#pragma once

#include "kernels/cpu_queue.h"

namespace poster::kernels {

template <typename T>
struct GeluForward {
  T* y;        // [count]; may be x where backward is not wanted
  const T* x;  // [count], saved for backward by the caller
  index_t count;
};

template <typename T>
struct GeluBackward {
  T* dx;  // [count], overwritten; may be dy
  const T* dy;
  const T* x;
  index_t count;
};

template <typename T>
void gelu_forward(CpuQueue&, const GeluForward<T>&);
template <typename T>
void gelu_backward(CpuQueue&, const GeluBackward<T>&);

}  // namespace poster::kernels
