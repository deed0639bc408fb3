// Layer scale, drop path and residual in one: y = x + keep[n] (gamma ⊙ f), for [batch, rows, channels].
// Sources: Touvron et al., "Going deeper with Image Transformers", ICCV 2021 (layer scale); Huang et al.,
// "Deep Networks with Stochastic Depth", ECCV 2016 (drop path). The gradient of x is dy itself.
// Deterministic.
#pragma once

#include "kernels/cpu_queue.h"
#include "kernels/cuda_queue.h"

namespace poster::kernels {

template <typename T>
struct ResidualForward {
  T* y;  // [batch, rows, channels]; may be x or f
  const T* x;
  const T* f;                       // saved for backward by the caller when gamma is given
  const acc_t<T>* gamma = nullptr;  // [channels]; null for 1
  const acc_t<T>* keep = nullptr;   // [batch]: 0 for a dropped sample, else 1 / keep probability; null for 1
  index_t batch, rows, channels;
};

template <typename T>
struct ResidualBackward {
  T* df;                       // [batch, rows, channels], overwritten: keep gamma dy
  acc_t<T>* dgamma = nullptr;  // [channels], overwritten; given exactly when gamma is
  const T* dy;
  const T* f = nullptr;  // needed when gamma is given
  const acc_t<T>* gamma = nullptr;
  const acc_t<T>* keep = nullptr;
  index_t batch, rows, channels;
};

template <typename T>
void residual_forward(CpuQueue&, const ResidualForward<T>&);
template <typename T>
void residual_forward(CudaQueue&, const ResidualForward<T>&);
template <typename T>
void residual_backward(CpuQueue&, const ResidualBackward<T>&);
template <typename T>
void residual_backward(CudaQueue&, const ResidualBackward<T>&);

// Per-sample keep factors: 1 / (1 - rate) with probability 1 - rate, else 0, from the Philox stream (seed,
// call, layer).
template <typename T>
struct DropPathMask {
  T* keep;  // [batch]
  index_t batch;
  double rate;  // in [0, 1)
  std::uint64_t seed, layer;
  const std::uint64_t* call;  // on the device
};

template <typename T>
void drop_path_mask(CpuQueue&, const DropPathMask<T>&);
template <typename T>
void drop_path_mask(CudaQueue&, const DropPathMask<T>&);

// out = a + b, elementwise; out may be a or b.
template <typename T>
struct Add {
  T* out;
  const T* a;
  const T* b;
  index_t count;
};

template <typename T>
void add(CpuQueue&, const Add<T>&);
template <typename T>
void add(CudaQueue&, const Add<T>&);

}  // namespace poster::kernels
