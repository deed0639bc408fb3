// Optimizer passes over flat arrays of trained parameters. `master` holds the weights, `compute` the copy
// that forward and backward read, `rounded` the same copy in T, for a T that is narrower (null: not wanted):
// SAM's ascent writes compute = master + e, an update moves master and writes compute = master, so nothing is
// cloned or restored. The first `compute_from` elements are read in T alone: for them `rounded` is written and
// no compute.
//
// The learning rate, the number of updates, the loss scale and whether the step is to be skipped are read
// from StepState on the device. Gradients are divided by the loss scale. In a step that is not finite the
// ascent and the update write compute = master and move nothing.
//
// Sources: Kingma & Ba, "Adam", ICLR 2015; Loshchilov & Hutter, "Decoupled Weight Decay Regularization", ICLR
// 2019; Foret et al., "Sharpness-Aware Minimization", ICLR 2021, eq. 2 and algorithm 1. PyTorch's
// conventions: Adam and SGD add weight_decay w to the gradient, AdamW shrinks w by lr weight_decay first;
// SGD's velocity = momentum velocity + g.
#pragma once

#include <type_traits>

#include "kernels/step_state/step_state.h"

namespace poster::kernels {

// *result = sum of x²; summed in double over fixed blocks, in a fixed order. NaN and infinity come through.
template <typename T>
struct SquaredNorm {
  static constexpr const char* name = "squared_norm";
  double* result;
  const T* x;
  index_t count;

  constexpr void operands(OperandTable& table) const {
    table.out("result", result, {1});
    table.in("x", x, {count});
  }
};

// Whether T has a rounded copy of the weights beside `compute`.
template <typename T>
inline constexpr bool kHasRounded = !std::is_same_v<T, acc_t<T>>;

template <typename Op>
constexpr void require_a_copy_of_each(OperandTable& table, const Op& op) {
  table.require(op.compute_from >= 0 && op.compute_from <= op.count, "compute_from must be in [0, count]");
  table.require(op.compute_from == 0 || op.rounded, "weights without compute need rounded");
}

// compute = master + rho g / (‖g‖ + 1e-12), with ‖g‖² in state->squared_norm.
template <typename T>
struct SamAscent {
  static constexpr const char* name = "sam_ascent";
  acc_t<T>* compute;  // of the elements from compute_from on
  T* rounded = nullptr;
  const acc_t<T>* master;
  const acc_t<T>* gradient;
  index_t count, compute_from = 0;
  double rho;
  const StepState* state;

  constexpr void operands(OperandTable& table) const {
    table.out("compute", compute, {count - compute_from});
    table.out("rounded", rounded, {count}).optional();
    table.in("master", master, {count});
    table.in("gradient", gradient, {count});
    table.in("state", state, {1});
    require_a_copy_of_each(table, *this);
  }
};

// state->updates counts this update already: 1 for the first.
template <typename T>
struct AdamStep {
  static constexpr const char* name = "adam_step";
  acc_t<T>* compute;  // the new master, of the elements from compute_from on
  T* rounded = nullptr;
  acc_t<T>* master;
  acc_t<T>* moment1;
  acc_t<T>* moment2;
  const acc_t<T>* gradient;
  index_t count, compute_from = 0;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  bool decoupled = false;  // AdamW
  const StepState* state;

  constexpr void operands(OperandTable& table) const {
    table.out("compute", compute, {count - compute_from});
    table.out("rounded", rounded, {count}).optional();
    table.update("master", master, {count});
    table.update("moment1", moment1, {count});
    table.update("moment2", moment2, {count}).positive();
    table.in("gradient", gradient, {count});
    table.in("state", state, {1});
    require_a_copy_of_each(table, *this);
  }
};

template <typename T>
struct SgdStep {
  static constexpr const char* name = "sgd_step";
  acc_t<T>* compute;  // of the elements from compute_from on
  T* rounded = nullptr;
  acc_t<T>* master;
  acc_t<T>* velocity;  // zero before the first step
  const acc_t<T>* gradient;
  index_t count, compute_from = 0;
  double momentum = 0, weight_decay = 0;
  const StepState* state;

  constexpr void operands(OperandTable& table) const {
    table.out("compute", compute, {count - compute_from});
    table.out("rounded", rounded, {count}).optional();
    table.update("master", master, {count});
    table.update("velocity", velocity, {count});
    table.in("gradient", gradient, {count});
    table.in("state", state, {1});
    require_a_copy_of_each(table, *this);
  }
};

}  // namespace poster::kernels
