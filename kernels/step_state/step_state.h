// What one training step reads and moves on the device, in one struct, so that a whole step can be put on the
// device once and run again without the host.
//
// Loss scaling: the gradient of the loss is multiplied by loss_scale before it goes back through 16-bit maps
// and divided by it (a power of two: exactly) where the optimizer reads it. A step in which a gradient is not
// finite moves nothing; with dynamic scaling it also halves the scale, and growth_interval steps in a row
// without such a thing double it. Source: Micikevicius et al., "Mixed Precision Training", ICLR 2018, section
// 3.2; PyTorch's GradScaler.
#pragma once

#include "kernels/host_device.h"
#include "kernels/op.h"

namespace poster::kernels {

struct StepState {
  double learning_rate = 0;        // of the update to come; the host sets it before each step
  double squared_norm = 0;         // of the last gradient, scaled as it is
  double loss_scale = 1;           // a power of two
  std::int64_t good_steps = 0;     // since the scale changed
  std::int64_t skipped_steps = 0;  // in which a gradient was not finite
  std::int64_t updates = 0;        // that the optimizer has made
  std::uint64_t forward_pass = 0;  // number of this forward pass in train mode: a key of drop path
  std::int32_t finite = 1;         // whether every gradient of this step was
};

struct StepControl {
  static constexpr const char* name = "step_control";
  enum class Action {
    next_pass,       // ++forward_pass
    check_gradient,  // finite = finite and squared_norm is finite
    begin_update,    // ++updates when finite
    finish_step,     // counts a skipped step, moves the loss scale, and finite = 1 for the next step
  };
  StepState* state;
  Action action;
  std::int64_t growth_interval = 0;  // of finish_step; 0: the loss scale stays as it is

  constexpr void operands(OperandTable& table) const { table.update("state", state, {1}); }
};

// The action itself, for CUDA and for take_step_action_on_host.
POSTER_HOST_DEVICE inline void take_step_action(StepState& state, StepControl::Action action,
                                                std::int64_t growth_interval) {
  constexpr double kMaxScale = 16777216, kMinScale = 1.0 / 16777216;
  switch (action) {
    case StepControl::Action::next_pass:
      ++state.forward_pass;
      return;
    case StepControl::Action::check_gradient:
      // Infinity and NaN are what is not below infinity.
      if (!(state.squared_norm < 1e300)) state.finite = 0;
      return;
    case StepControl::Action::begin_update:
      if (state.finite) ++state.updates;
      return;
    case StepControl::Action::finish_step:
      if (!state.finite) ++state.skipped_steps;
      if (growth_interval > 0) {
        state.good_steps = state.finite ? state.good_steps + 1 : 0;
        if (!state.finite && state.loss_scale > kMinScale) state.loss_scale /= 2;
        if (state.good_steps == growth_interval) {
          if (state.loss_scale < kMaxScale) state.loss_scale *= 2;
          state.good_steps = 0;
        }
      }
      state.finite = 1;
      return;
  }
}

// Compiled once, not for each instruction set: what is inline above is shared with other sources.
void take_step_action_on_host(const StepControl& a);

}  // namespace poster::kernels
