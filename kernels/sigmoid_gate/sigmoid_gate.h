// The gate of a squeeze-and-excitation block: y = x ⊙ sigmoid(z), elementwise.
// Source: Hu et al., "Squeeze-and-Excitation Networks", CVPR 2018. The two linear maps before it are matmul
// and prelu.
#pragma once

#include "kernels/cpu_queue.h"
#include "kernels/cuda_queue.h"

namespace poster::kernels {

template <typename T>
struct SigmoidGateForward {
  T* y;  // [count]
  const T* x;
  const T* z;
  index_t count;
};

template <typename T>
struct SigmoidGateBackward {
  T* dx;  // [count], overwritten; may be dy
  T* dz;  // [count], overwritten
  const T* dy;
  const T* x;
  const T* z;
  index_t count;
};

template <typename T>
void sigmoid_gate_forward(CpuQueue&, const SigmoidGateForward<T>&);
template <typename T>
void sigmoid_gate_forward(CudaQueue&, const SigmoidGateForward<T>&);
template <typename T>
void sigmoid_gate_backward(CpuQueue&, const SigmoidGateBackward<T>&);
template <typename T>
void sigmoid_gate_backward(CudaQueue&, const SigmoidGateBackward<T>&);

}  // namespace poster::kernels
