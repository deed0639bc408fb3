// PReLU with one slope for each channel: y = x where x > 0, else slope x. PyTorch's gradient at 0 is the
// slope's side. Source: He et al., "Delving Deep into Rectifiers", ICCV 2015. ReLU is the case of a null
// slope.
#pragma once

#include "kernels/cpu_queue.h"
#include "kernels/cuda_queue.h"

namespace poster::kernels {

template <typename T>
struct PReluForward {
  T* y;                   // [rows, channels]; may be x where backward is not wanted
  const T* x;             // [rows, channels], saved for backward by the caller
  const acc_t<T>* slope;  // [channels], or null for 0
  index_t rows, channels;
};

template <typename T>
struct PReluBackward {
  T* dx;                       // [rows, channels], overwritten; may be dy
  acc_t<T>* dslope = nullptr;  // [channels], overwritten; given exactly when slope is
  const T* dy;
  const T* x;
  const acc_t<T>* slope;
  index_t rows, channels;
};

template <typename T>
void prelu_forward(CpuQueue&, const PReluForward<T>&);
template <typename T>
void prelu_forward(CudaQueue&, const PReluForward<T>&);
template <typename T>
void prelu_backward(CpuQueue&, const PReluBackward<T>&);
template <typename T>
void prelu_backward(CudaQueue&, const PReluBackward<T>&);

}  // namespace poster::kernels
