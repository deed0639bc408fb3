// Batch normalisation over the channels of N H W C maps seen as [rows, channels], with what usually follows
// it fused in. Source: Ioffe & Szegedy, "Batch Normalization", ICML 2015; PReLU: He et al., ICCV 2015.
// PyTorch's conventions.
//
//   z = gamma (x - mean) rstd + beta,   rstd = 1 / sqrt(variance + eps)
//   y = prelu(z, slope) + residual      (slope null: no PReLU; residual null: nothing added)
//
// Train mode takes mean and (biased) variance from the batch, by two passes (never E[x²] - E[x]²), and moves
// the running statistics `updates` times: r = (1 - momentum) r + momentum b, with b the mean or the unbiased
// variance. A network that sees the same batch twice in a step asks for two updates. rows must be at least 2
// in train mode. y may be x where nothing is kept for backward. Deterministic: sums are taken over fixed
// blocks of rows.
#pragma once

#include "kernels/cpu_queue.h"
#include "kernels/cuda_queue.h"

namespace poster::kernels {

template <typename T>
struct BatchNormForwardTrain {
  T* y;                             // [rows, channels]
  acc_t<T>* mean;                   // [channels], saved for backward
  acc_t<T>* rstd;                   // [channels], saved for backward
  acc_t<T>* running_mean;           // [channels], moved
  acc_t<T>* running_var;            // [channels], moved
  const T* x;                       // [rows, channels], saved for backward by the caller
  const acc_t<T>* gamma;            // [channels]
  const acc_t<T>* beta;             // [channels]
  const acc_t<T>* slope = nullptr;  // [channels], PReLU
  const T* residual = nullptr;      // [rows, channels]
  index_t rows, channels;
  double eps = 1e-5, momentum = 0.1;
  int updates = 1;
};

template <typename T>
struct BatchNormForwardEval {
  T* y;
  const T* x;
  const acc_t<T>* running_mean;
  const acc_t<T>* running_var;
  const acc_t<T>* gamma;
  const acc_t<T>* beta;
  const acc_t<T>* slope = nullptr;
  const T* residual = nullptr;
  index_t rows, channels;
  double eps = 1e-5;
};

// Of train mode. The gradient of the residual is dy itself.
template <typename T>
struct BatchNormBackward {
  T* dx;                       // [rows, channels], overwritten; may be dy; null when nobody wants it
  acc_t<T>* dgamma;            // [channels], overwritten
  acc_t<T>* dbeta;             // [channels], overwritten
  acc_t<T>* dslope = nullptr;  // [channels], overwritten; given exactly when slope is
  const T* dy;
  const T* x;
  const acc_t<T>* mean;
  const acc_t<T>* rstd;
  const acc_t<T>* gamma;
  const acc_t<T>* beta;
  const acc_t<T>* slope = nullptr;
  index_t rows, channels;
};

template <typename T>
void batch_norm_forward_train(CpuQueue&, const BatchNormForwardTrain<T>&);
template <typename T>
void batch_norm_forward_train(CudaQueue&, const BatchNormForwardTrain<T>&);
template <typename T>
void batch_norm_forward_eval(CpuQueue&, const BatchNormForwardEval<T>&);
template <typename T>
void batch_norm_forward_eval(CudaQueue&, const BatchNormForwardEval<T>&);
template <typename T>
void batch_norm_backward(CpuQueue&, const BatchNormBackward<T>&);
template <typename T>
void batch_norm_backward(CudaQueue&, const BatchNormBackward<T>&);

}  // namespace poster::kernels
