// Adam, AdamW or SGD over the flat parameters, and SAM around them; see kernels/optimizer/optimizer.h.
#pragma once

#include <cstdint>
#include <string>

#include "engine/device.h"
#include "engine/parameters.h"
#include "kernels/step_state/step_state.h"

namespace poster {

struct OptimizerOptions {
  enum class Kind { adam, adamw, sgd } kind = Kind::adam;
  double weight_decay = 0;
  double momentum = 0;  // of SGD
  double rho = 0.05;    // radius of SAM's ascent; 0: plain steps
};

// "adam", "adamw" or "sgd", in any case; throws Error for another.
OptimizerOptions::Kind optimizer_kind(std::string name);
const char* optimizer_name(OptimizerOptions::Kind kind);

// The learning rate, counters and loss scale are in StepState on the device, so that the calls of a step can
// be put into a graph once.
template <typename T>
class Optimizer {
 public:
  // growth_interval: of dynamic loss scaling, in steps; 0 for a fixed scale.
  Optimizer(Device& device, Parameters<acc_t<T>>& parameters, const OptimizerOptions& options,
            kernels::StepState* state, std::int64_t growth_interval = 0);

  // SAM's ascent step: compute = master + rho gradient / ‖gradient‖.
  // Source: Foret et al., "Sharpness-Aware Minimization for Efficiently Improving Generalization", 2021,
  // eq. 2.
  void ascend();
  // One step of the base optimizer on master with the gradient in hand; compute = master after. Ends the
  // step: when a gradient was not finite nothing moves.
  void update();

  const OptimizerOptions& options() const { return options_; }

 private:
  Device& device_;
  // Looks at the gradient in hand: its norm, and whether it is finite.
  template <typename Queue>
  void measure(Queue& queue);
  template <typename Queue>
  void control(Queue& queue, kernels::StepControl::Action action);

  Parameters<acc_t<T>>& parameters_;
  OptimizerOptions options_;
  kernels::StepState* state_;
  std::int64_t growth_interval_;
};

}  // namespace poster
