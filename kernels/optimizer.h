// Optimizer passes over flat arrays of trained parameters. `master` holds the weights, `compute` the copy
// that forward and backward read: SAM's climb writes compute = master + e, an update moves master and writes
// compute = master, so nothing is cloned or restored.
//
// Sources: Kingma & Ba, "Adam", ICLR 2015; Loshchilov & Hutter, "Decoupled Weight Decay Regularization", ICLR
// 2019; Foret et al., "Sharpness-Aware Minimization", ICLR 2021, eq. 2 and algorithm 1. PyTorch's
// conventions: Adam and SGD add weight_decay w to the gradient, AdamW shrinks w by lr weight_decay first;
// SGD's velocity = momentum velocity + g.
#pragma once

#include "kernels/cpu_queue.h"

namespace poster::kernels {

// *result = sum of x²; summed in double over fixed blocks, in a fixed order. NaN and infinity come through.
template <typename T>
struct SquaredNorm {
  double* result;
  const T* x;
  index_t count;
};

// compute = master + rho g / (‖g‖ + 1e-12), with ‖g‖² as squared_norm left it.
template <typename T>
struct SamClimb {
  T* compute;
  const T* master;
  const T* gradient;
  index_t count;
  double rho;
  const double* squared_norm;  // on the device
};

template <typename T>
struct AdamStep {
  T* compute;  // [count], overwritten with the new master
  T* master;   // [count]
  T* moment1;  // [count]
  T* moment2;  // [count]
  const T* gradient;
  index_t count;
  double lr, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  bool decoupled = false;  // AdamW
  std::int64_t step;       // 1 for the first
};

template <typename T>
struct SgdStep {
  T* compute;
  T* master;
  T* velocity;  // zero before the first step
  const T* gradient;
  index_t count;
  double lr, momentum = 0, weight_decay = 0;
};

template <typename T>
void squared_norm(CpuQueue&, const SquaredNorm<T>&);
template <typename T>
void sam_climb(CpuQueue&, const SamClimb<T>&);
template <typename T>
void adam_step(CpuQueue&, const AdamStep<T>&);
template <typename T>
void sgd_step(CpuQueue&, const SgdStep<T>&);

}  // namespace poster::kernels
