// What a run is evaluated from, resumed from, or started from: our own checkpoints, and whole networks that
// others have saved (the reference's .pth files, state dicts in safetensors).
//
// Our own is one safetensors file with the whole state of a run. It holds no times, so equal states are equal
// files:
//
//   tensors   the state dict under PyTorch's names and shapes; "optimizer.exp_avg.NAME" and
//             "optimizer.exp_avg_sq.NAME" for each trained tensor
//   metadata  format "poster-checkpoint 1", model, outputs, settings (JSON, with the class names), and the
//             position: epoch and step to go on with, counters of the optimizer and of the random streams,
//             best so far
//
// The same as a .pth file (poster_checkpoint convert) has the reference's dict, with the metadata under
// "poster" and the moments where torch.optim.Adam keeps them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "io/format/atomic_file.h"
#include "io/settings/settings.h"
#include "io/weights/weights_file.h"
#include "model/trainer_base.h"
#include "model/weights.h"

namespace poster {

// Where a run stands: the next images to train on, and what has been counted.
struct Position {
  int epoch = 0;                  // of the next step
  std::int64_t step = 0;          // within that epoch: how many were done
  std::int64_t epoch_images = 0;  // of the epoch's order: how many are done, whatever batches they came in
  double best_accuracy = -1;      // percent, on the validation split; -1: none yet
  int best_epoch = -1;
  // The averages of the epoch so far, so that its log line and metrics come out the same after a resume.
  double loss_sum = 0, correct_sum = 0;
  std::int64_t images = 0;  // in all passes: SAM sees each image twice
  // io::ImageFolder::listing_hash of the data that the run has seen; empty in earlier versions' files.
  std::string train_listing = {}, valid_listing = {};
};

void save_checkpoint(const std::filesystem::path& path, TrainerBase& trainer, const Settings& settings,
                     const Position& position, io::KeepPrevious keep_previous);

// A position and counters as they stand in the metadata.
std::string position_json(const Position& position, const kernels::StepState& state);
// Our metadata, as they stand in either format.
std::map<std::string, std::string> checkpoint_metadata(TrainerBase& trainer, const Settings& settings,
                                                       const Position& position);

// An opened checkpoint. Throws Error that names the file and says what to do.
class Checkpoint {
 public:
  explicit Checkpoint(const std::filesystem::path& path, const io::TorchOptions& options = {});
  ~Checkpoint();

  const std::filesystem::path& path() const { return path_; }
  const std::string& model() const { return model_; }
  std::int64_t outputs() const { return outputs_; }
  // Of files that poster_train wrote; null for others.
  const Settings* settings() const { return settings_ ? &*settings_ : nullptr; }
  const Position& position() const { return position_; }
  // Metadata of our own format; empty for others.
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  const io::WeightsFile& file() const { return *file_; }
  // The state dict, under the network's own names; and the moments, as exp_avg.NAME and exp_avg_sq.NAME.
  const TensorSource& weights() const { return *weights_; }
  const TensorSource& moments() const { return *moments_; }

  // What there is to say of how the weights were found, on one line: which of several state dicts, the prefix
  // of its names, tensors beside it that are not taken. Mostly empty.
  const std::string& remarks() const { return remarks_; }

  std::int64_t optimizer_steps() const;

  // Sets every tensor of the network; values that no network can have (model/weight_values.h) are an error.
  // With allow_partial what is missing stays as it is; `without` is a prefix of tensors to leave alone. Where
  // there is `loaded`, the tensors that were set are added to it.
  // Returns what is to be said of the match: "747/747 tensors", with remarks() and what is missing in
  // parentheses.
  std::string load_weights(Parameters<float>& parameters, bool allow_partial = false,
                           const std::string& without = "", std::vector<ParameterId>* loaded = nullptr) const;
  // Throws Error as load_weights would for names and shapes. Reads no values.
  WeightsMatch check_weights(const ParameterTable& table, bool allow_partial = false,
                             const std::string& without = "") const;
  // After load_weights and prepare_training: moments and counters. False when the file holds no moments, as
  // the reference's: then the optimizer starts anew.
  bool load_training_state(TrainerBase& trainer) const;

 private:
  void read_metadata();
  void read_foreign();

  std::filesystem::path path_;
  std::unique_ptr<io::WeightsFile> file_;
  std::unique_ptr<TensorSource> in_file_, weights_, moments_;  // in_file_: the weights as the file has them
  std::string remarks_;
  std::map<std::string, std::string> metadata_;
  std::string model_;
  std::optional<Settings> settings_;
  Position position_;
  std::int64_t outputs_ = 0;
  std::optional<kernels::StepState> step_state_;
};

}  // namespace poster
