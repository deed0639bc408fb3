// A run as its folder tells of it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/run/run_listings.h"
#include "io/score/metrics.h"
#include "io/score/predictions.h"
#include "io/settings/settings.h"

namespace poster {

// An evaluation's file, and its predictions where they are there (io/run/evaluation_record.h).
struct EvaluationRecord {
  std::string state, split;
  // What isn't as in the run (io/run/evaluation_place.h); empty for the run's own result.
  std::string of = {};
  // Whether it is the run's own result: its own images of that split, seen as in its training. Nothing else
  // is the run's accuracy.
  bool own = true;
  std::string why_not_own = {};  // for people
  int epoch = -1;                // from 0; -1: not known
  double loss = 0;
  std::string data;          // the folder that `split` lies in
  std::string listing_hash;  // of the images; empty: written by an earlier version, which kept none
  io::ViewOptions view;      // what the network was shown
  std::optional<io::Preparation> preparation = {};  // of these images
  io::ConfusionMatrix confusion;
  std::string renaming = {};  // what the file says of mixed-up classes
  std::optional<io::Predictions> predictions = {};
  std::string predictions_missing = {};  // why there are none
};

struct RunRecord {
  std::filesystem::path folder;
  std::string name;     // the folder's; of several runs with the same, the whole path
  std::string state;    // io/run/run_state.h, the true one
  std::string message;  // why it ended, where that was an error
  std::string device, listing_hash;
  std::vector<std::pair<std::string, std::string>> versions;
  Settings settings;
  std::vector<std::pair<std::string, std::int64_t>> train_images;  // by class
  std::int64_t valid_images = 0;
  Listings listings;  // its own images by split; empty: of an earlier version
  std::vector<std::pair<std::string, std::string>> left_out;  // by split: what wasn't taken of its folder
  int epochs_done = 0, best_epoch = -1;  // the next epoch's number; the best one's on valid, -1: none
  std::vector<io::EpochMetrics> epochs;
  // The run's own first; best before last before others; test before valid.
  std::vector<EvaluationRecord> evaluations;

  // The run's own; null where there is none.
  const EvaluationRecord* evaluation(const std::string& state, const std::string& split) const;
  // The one to be judged by: the first of its own.
  const EvaluationRecord* main_evaluation() const {
    return evaluations.empty() || !evaluations.front().own ? nullptr : &evaluations.front();
  }
};

// Throws Error that names the file, for a folder that is none of a run, and for a damaged file.
RunRecord read_run(const std::filesystem::path& folder);
// In this order, with names that differ.
std::vector<RunRecord> read_runs(const std::vector<std::filesystem::path>& folders);

}  // namespace poster
