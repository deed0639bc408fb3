#include "io/run/run_health.h"

#include <cmath>

#include "io/run/log_format.h"

namespace poster {
namespace {

// The scale begins at 65536 and halves at each overflow: so far down nothing is left of the gradients.
constexpr double kMinLossScale = 1.0 / 16384;

}  // namespace

RunHealth::RunHealth(TrainerBase& trainer, std::filesystem::path folder)
    : trainer_(trainer), folder_(std::move(folder)), skipped_steps_(trainer.step_state().skipped_steps) {}

void RunHealth::diverged(const std::string& what, int epoch, std::int64_t step) const {
  const std::filesystem::path last = folder_ / "last.safetensors";
  std::error_code ignored;
  const std::string kept = folder_.empty() ? ""
                           : std::filesystem::exists(last, ignored)
                               ? "; " + last.string() + " is from before that and is kept"
                               : "; no checkpoint had been saved yet";
  throw DivergedError("the training has diverged: " + what + " at epoch " + std::to_string(epoch) +
                          ", step " + std::to_string(step) + kept +
                          ". Use a lower --lr, or look at the images of the batch",
                      epoch, step);
}

void RunHealth::check_loss(double loss, int epoch, std::int64_t step) const {
  if (!std::isfinite(loss)) diverged("the loss became " + io::python_float_repr(loss), epoch, step);
}

std::string RunHealth::check(const Position& position) {
  const kernels::StepState state = trainer_.step_state();
  const std::int64_t skipped = state.skipped_steps - skipped_steps_;
  skipped_steps_ = state.skipped_steps;
  const bool scales = trainer_.device().precision() == Precision::float16;
  if (skipped > 0 && !scales)
    diverged("the gradients of " + std::to_string(skipped) + " steps were not finite", position.epoch,
             position.step);
  if (scales && state.loss_scale < kMinLossScale)
    diverged("the gradients overflow whatever the loss scale, which is " +
                 io::python_float_repr(state.loss_scale) + ",",
             position.epoch, position.step);
  if (const auto wrong = trainer_.parameters().find_non_finite())
    diverged(*wrong, position.epoch, position.step);
  if (skipped == 0) return "";
  return "Skipped the update of " + std::to_string(skipped) +
         " steps whose gradients overflowed; the loss scale is " + io::python_float_repr(state.loss_scale);
}

}  // namespace poster
