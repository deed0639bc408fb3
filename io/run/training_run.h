// A training run: epochs of steps, validation, log, curves, checkpoints; stopped and resumed at any step.
#pragma once

#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/checkpoint/checkpoint.h"
#include "io/checkpoint/initial_weights.h"
#include "io/console/progress.h"
#include "io/data/dataset.h"
#include "io/data/loader.h"
#include "io/face/viewed_dataset.h"
#include "io/run/evaluation.h"
#include "io/run/resume_check.h"
#include "io/run/run_health.h"
#include "io/run/run_listings.h"
#include "io/run/run_log.h"
#include "io/run/tensorboard_log.h"
#include "io/settings/settings.h"

namespace poster {

// What does not change the result of a run.
struct RunOptions {
  int workers = 2;
  int print_freq = 10;
  std::int64_t cache_bytes = 0;
  // After each epoch the last, and each best state is also written there as the reference's .pth file.
  std::string torch_last, torch_best;
  std::string keep = "previous";  // last, best and the one before each; "newest": last and best only
  bool tensorboard = false;  // a run that goes on in a folder with an event file continues it in any case
};

// What a run begins with: a checkpoint to go on from, else initial weights.
struct StartingPoint {
  const Checkpoint* resume = nullptr;
  InitialWeights* weights = nullptr;
  int start_epoch = -1;                 // from 0: numbers the first epoch otherwise
  ResumeChanges changes = {};           // of the settings, since the checkpoint
  bool allow_changes = false;           // of the data, too
  std::vector<std::string> notes = {};  // lines for the log
};

// Throws Error for a batch size that the images of train/ can't be trained with; `done`: of the epoch in
// hand.
void check_batch_size(const Settings& settings, std::int64_t images, std::int64_t done = 0);

class TrainingRun {
 public:
  // Checks the data and the settings, builds the network, sets its weights, and prepares the run's folder.
  // Throws Error.
  TrainingRun(Device& device, const Settings& settings, const RunOptions& options, io::RunFolder folder,
              const StartingPoint& start);

  // Trains to the last epoch; false when it was asked to stop and has saved its state. Throws Error, after
  // which the last checkpoint in the folder is still whole. However it ends, run.json says so.
  bool run();

  const io::RunFolder& folder() const { return folder_; }

 private:
  bool train();
  bool run_epoch();
  // Puts a batch on the device; then takes in the results of the oldest while more than `keep` are in flight.
  void submit(const io::Batch& batch, double lr);
  void estimate(double seconds, std::int64_t done, std::int64_t steps);
  void take_results(int keep, io::AverageMeter& loss, io::AverageMeter& accuracy);
  // Before anything is judged or saved: throws DivergedError.
  void check_health();
  io::EpochMetrics metrics_of(const Evaluation& evaluation, double seconds) const;
  void finish_epoch(double seconds);
  double learning_rate() const;
  void save(const char* name);
  void save_torch(const std::filesystem::path& path);
  void save_torch_files();
  void save_what_a_kill_left_out(const Checkpoint& resumed);
  void say(const std::string& line);
  // The same for people, who want it rounded; log.txt gets what programs read.
  void say(const std::string& line, const std::string& for_people);
  void tell(const std::string& line);  // to people only
  void write_status(const char* state, const std::string& message = "");
  void end_by_error(const char* state, const std::string& message);
  void take_up(const StartingPoint& start);
  void make_loaders();
  void start_from(const StartingPoint& start);
  void warn_about_random_weights(const InitialWeights& weights);

  // A batch in flight.
  struct Pending {
    std::int64_t number, end;
    std::vector<std::int32_t> labels;
  };

  Device& device_;
  Settings settings_;
  Listings listings_;  // of what the run's own images are
  RunOptions options_;
  io::RunFolder folder_;
  io::ImageFolder train_data_, valid_data_;
  io::ViewedDataset train_views_, valid_views_;  // the same, as the network sees them
  std::unique_ptr<TrainerBase> trainer_;
  Position position_;
  io::LineLog log_;
  io::MetricsTable metrics_;
  std::optional<io::TensorBoardLog> tensorboard_;
  io::ProgressBar progress_;
  std::unique_ptr<ImageStore> train_store_, valid_store_;  // null: images are streamed
  std::optional<io::BatchLoader> train_loader_, valid_loader_;
  std::deque<Pending> pending_;
  std::optional<RunHealth> health_;
  bool estimated_ = false;  // how long it takes
};

}  // namespace poster
