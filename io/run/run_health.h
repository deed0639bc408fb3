// Whether the numbers of a training run are still numbers.
#pragma once

#include <cstdint>
#include <string>

#include "engine/error.h"
#include "io/checkpoint/checkpoint.h"

namespace poster {

// Something that was computed is infinite or no number, and nothing right can follow.
class DivergedError : public Error {
 public:
  DivergedError(const std::string& message, int at_epoch, std::int64_t at_step)
      : Error(message), epoch(at_epoch), step(at_step) {}
  int epoch;  // both from 0
  std::int64_t step;
};

class RunHealth {
 public:
  // `folder`: the run's, for messages; empty where nobody keeps checkpoints there.
  RunHealth(TrainerBase& trainer, std::filesystem::path folder);

  // Throws DivergedError for a loss that is not finite.
  void check_loss(double loss, int epoch, std::int64_t step) const;

  // Before each checkpoint and each evaluation, with no batch in flight. Throws DivergedError when a weight,
  // a statistic or a moment of the optimizer is not finite; when gradients were not since the last check,
  // which only 16-bit maps with their loss scale recover from; and when that scale has come to nothing.
  // Returns a line to be said of updates that were skipped, or nothing.
  std::string check(const Position& position);

  [[noreturn]] void diverged(const std::string& what, int epoch, std::int64_t step) const;

 private:
  TrainerBase& trainer_;
  std::filesystem::path folder_;
  std::int64_t skipped_steps_ = 0;  // that were told of
};

}  // namespace poster
