// Our checkpoints: one safetensors file with the whole state of a run. It holds no times, so equal states are
// equal files.
//
//   tensors   the state dict under PyTorch's names and shapes; "optimizer.exp_avg.NAME" and
//   "optimizer.exp_avg_sq.NAME"
//             for each trained tensor
//   metadata  format "poster-checkpoint 1", model, outputs, settings (JSON, with the class names), and the
//   position:
//             epoch and step to go on with, counters of the optimizer and of the random streams, best so far
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "apps/common/settings.h"
#include "io/atomic_file.h"
#include "io/safetensors.h"
#include "model/trainer_base.h"

namespace poster {

// Where a run stands: the next step to do, and what has been counted.
struct Position {
  int epoch = 0;              // of the next step
  std::int64_t step = 0;      // within that epoch
  double best_accuracy = -1;  // percent, on the validation split; -1: none yet
  int best_epoch = -1;
  // The averages of the epoch so far, so that its log line and metrics come out the same after a resume.
  double loss_sum = 0, correct_sum = 0;
  std::int64_t images = 0;
};

void save_checkpoint(const std::filesystem::path& path, TrainerBase<float>& trainer, const Settings& settings,
                     const Position& position, io::KeepPrevious keep_previous);

// An opened and verified checkpoint. Throws Error that names the file and says what to do.
class Checkpoint {
 public:
  explicit Checkpoint(const std::filesystem::path& path);

  const std::string& model() const { return settings_.model; }
  std::int64_t outputs() const { return outputs_; }
  const Settings& settings() const { return settings_; }
  const Position& position() const { return position_; }

  // Sets every tensor of the network; an error names the first that is missing or of another shape.
  void load_weights(TrainerBase<float>& trainer) const;
  // After load_weights and prepare_training: moments and counters.
  void load_training_state(TrainerBase<float>& trainer) const;

 private:
  std::unique_ptr<io::SafetensorsFile> file_;
  Settings settings_;
  Position position_;
  std::int64_t outputs_ = 0;
  kernels::StepState step_state_;
};

}  // namespace poster
