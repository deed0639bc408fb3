// Layer normalisation over the last dimension: y = gamma (x - mean) rstd + beta, rstd = 1 / sqrt(variance +
// eps). Source: Ba et al., "Layer Normalization", 2016. Two passes, never E[x²] - E[x]². Deterministic.
#pragma once

#include "kernels/cpu_queue.h"
#include "kernels/cuda_queue.h"

namespace poster::kernels {

template <typename T>
struct LayerNormForward {
  T* y;                   // [rows, columns]
  acc_t<T>* mean;         // [rows], saved for backward; null (with rstd) when backward is not wanted
  acc_t<T>* rstd;         // [rows]
  const T* x;             // [rows, columns]; saved for backward by the caller
  const acc_t<T>* gamma;  // [columns]
  const acc_t<T>* beta;   // [columns]
  index_t rows, columns;
  double eps = 1e-5;
};

template <typename T>
struct LayerNormBackward {
  T* dx;  // [rows, columns], overwritten; may be dy
  const T* dx_add =
      nullptr;       // [rows, columns], added to dx: the gradient of a residual around the norm; may be dx
  acc_t<T>* dgamma;  // [columns], overwritten
  acc_t<T>* dbeta;   // [columns], overwritten
  const T* dy;
  const T* x;
  const acc_t<T>* mean;
  const acc_t<T>* rstd;
  const acc_t<T>* gamma;
  index_t rows, columns;
};

template <typename T>
void layer_norm_forward(CpuQueue&, const LayerNormForward<T>&);
template <typename T>
void layer_norm_forward(CudaQueue&, const LayerNormForward<T>&);
template <typename T>
void layer_norm_backward(CpuQueue&, const LayerNormBackward<T>&);
template <typename T>
void layer_norm_backward(CudaQueue&, const LayerNormBackward<T>&);

// For float and Half. Sums are taken in float.
template <typename T>
void layer_norm_forward(CudaQueue&, const LayerNormForward<T>&);
template <typename T>
void layer_norm_backward(CudaQueue&, const LayerNormBackward<T>&);

}  // namespace poster::kernels
