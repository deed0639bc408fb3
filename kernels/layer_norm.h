// Layer normalisation over the last dimension: y = gamma (x - mean) rstd + beta, rstd = 1 / sqrt(variance +
// eps). Source: Ba et al., "Layer Normalization", 2016. Two passes, never E[x²] - E[x]². Deterministic.
#pragma once

#include "kernels/cpu_queue.h"

namespace poster::kernels {

template <typename T>
struct LayerNormForward {
  T* y;            // [rows, columns]
  T* mean;         // [rows], saved for backward; null (with rstd) when backward is not wanted
  T* rstd;         // [rows]
  const T* x;      // [rows, columns]; saved for backward by the caller
  const T* gamma;  // [columns]
  const T* beta;   // [columns]
  index_t rows, columns;
  double eps = 1e-5;
};

template <typename T>
struct LayerNormBackward {
  T* dx;  // [rows, columns], overwritten; may be dy
  const T* dx_add =
      nullptr;  // [rows, columns], added to dx: the gradient of a residual around the norm; may be dx
  T* dgamma;    // [columns], overwritten
  T* dbeta;     // [columns], overwritten
  const T* dy;
  const T* x;
  const T* mean;
  const T* rstd;
  const T* gamma;
  index_t rows, columns;
};

template <typename T>
void layer_norm_forward(CpuQueue&, const LayerNormForward<T>&);
template <typename T>
void layer_norm_backward(CpuQueue&, const LayerNormBackward<T>&);

}  // namespace poster::kernels
