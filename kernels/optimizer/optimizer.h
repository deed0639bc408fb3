// Optimizer passes over flat arrays of trained parameters. `master` holds the weights, `compute` the copy
// that forward and backward read, `rounded` the same copy in T where T is narrower (null where it isn't):
// SAM's climb writes compute = master + e, an update moves master and writes compute = master, so nothing is
// cloned or restored.
//
// The learning rate, the number of updates, the loss scale and whether the step is to be skipped are read
// from StepState on the device. Gradients are divided by the loss scale. In a step that is not finite the
// climb and the update write compute = master and move nothing.
//
// Sources: Kingma & Ba, "Adam", ICLR 2015; Loshchilov & Hutter, "Decoupled Weight Decay Regularization", ICLR
// 2019; Foret et al., "Sharpness-Aware Minimization", ICLR 2021, eq. 2 and algorithm 1. PyTorch's
// conventions: Adam and SGD add weight_decay w to the gradient, AdamW shrinks w by lr weight_decay first;
// SGD's velocity = momentum velocity + g.
#pragma once

#include "kernels/step_state/step_state.h"

namespace poster::kernels {

// *result = sum of x²; summed in double over fixed blocks, in a fixed order. NaN and infinity come through.
template <typename T>
struct SquaredNorm {
  double* result;  // on the device
  const T* x;
  index_t count;
};

// compute = master + rho g / (‖g‖ + 1e-12), with ‖g‖² in state->squared_norm.
template <typename T>
struct SamClimb {
  acc_t<T>* compute;
  T* rounded = nullptr;
  const acc_t<T>* master;
  const acc_t<T>* gradient;
  index_t count;
  double rho;
  const StepState* state;
};

// state->updates counts this update already: 1 for the first.
template <typename T>
struct AdamStep {
  acc_t<T>* compute;  // [count], overwritten with the new master
  T* rounded = nullptr;
  acc_t<T>* master;   // [count]
  acc_t<T>* moment1;  // [count]
  acc_t<T>* moment2;  // [count]
  const acc_t<T>* gradient;
  index_t count;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  bool decoupled = false;  // AdamW
  const StepState* state;
};

template <typename T>
struct SgdStep {
  acc_t<T>* compute;
  T* rounded = nullptr;
  acc_t<T>* master;
  acc_t<T>* velocity;  // zero before the first step
  const acc_t<T>* gradient;
  index_t count;
  double momentum = 0, weight_decay = 0;
  const StepState* state;
};

template <typename T>
void squared_norm(CpuQueue&, const SquaredNorm<T>&);
template <typename T>
void squared_norm(CudaQueue&, const SquaredNorm<T>&);
template <typename T>
void sam_climb(CpuQueue&, const SamClimb<T>&);
template <typename T>
void sam_climb(CudaQueue&, const SamClimb<T>&);
template <typename T>
void adam_step(CpuQueue&, const AdamStep<T>&);
template <typename T>
void adam_step(CudaQueue&, const AdamStep<T>&);
template <typename T>
void sgd_step(CpuQueue&, const SgdStep<T>&);
template <typename T>
void sgd_step(CudaQueue&, const SgdStep<T>&);

}  // namespace poster::kernels
