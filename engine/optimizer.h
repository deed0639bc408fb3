// Adam, AdamW or SGD over the flat parameters, and SAM around them; see kernels/optimizer.h.
#pragma once

#include <cstdint>
#include <string>

#include "engine/device.h"
#include "engine/parameters.h"

namespace poster {

struct OptimizerOptions {
  enum class Kind { adam, adamw, sgd } kind = Kind::adam;
  double weight_decay = 0;
  double momentum = 0;  // of SGD
  double rho = 0.05;    // radius of SAM's ascent; 0: plain steps
};

// "adam", "adamw" or "sgd", in any case; throws Error for another.
OptimizerOptions::Kind optimizer_kind(std::string name);
std::string optimizer_name(OptimizerOptions::Kind kind);

template <typename T>
class Optimizer {
 public:
  Optimizer(Device& device, Parameters<T>& parameters, const OptimizerOptions& options);

  // SAM's ascent: compute = master + rho gradient / ‖gradient‖.
  void climb();
  // One step of the base optimizer on master with the gradient in hand; compute = master after.
  void update(double lr);

  std::int64_t steps() const { return steps_; }
  void set_steps(std::int64_t steps) { steps_ = steps; }
  const OptimizerOptions& options() const { return options_; }

 private:
  Device& device_;
  Parameters<T>& parameters_;
  OptimizerOptions options_;
  std::int64_t steps_ = 0;
  DeviceBuffer squared_norm_;
};

}  // namespace poster
