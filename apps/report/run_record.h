// A run as its folder tells of it.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apps/common/settings.h"
#include "io/metrics.h"
#include "io/predictions.h"

namespace poster {

// evaluation-STATE-SPLIT.json, and predictions-STATE-SPLIT.csv where it is there.
struct EvaluationRecord {
  std::string state, split;
  int epoch = -1;  // from 0; -1: not known
  double loss = 0;
  std::string data;      // the folder that `split` lies in
  io::ViewOptions view;  // what the network was shown
  io::ConfusionMatrix confusion;
  std::string renaming = {};  // what the file says of mixed-up classes
  std::optional<io::Predictions> predictions = {};
  std::string predictions_missing = {};  // why there are none
};

struct RunRecord {
  std::filesystem::path folder;
  std::string name;   // the folder's; of several runs with the same, the whole path
  std::string state;  // "finished", "stopped" or "running"
  std::string device, listing_hash;
  std::vector<std::pair<std::string, std::string>> versions;
  Settings settings;
  std::vector<std::pair<std::string, std::int64_t>> train_pictures;  // by class
  std::int64_t valid_pictures = 0;
  int epochs_done = 0, best_epoch = -1;  // the next epoch's number; the best one's on valid, -1: none
  std::vector<io::EpochMetrics> epochs;
  std::vector<EvaluationRecord> evaluations;  // best before last before others; test before valid

  // Null where there is none.
  const EvaluationRecord* evaluation(const std::string& state, const std::string& split) const;
  // The one to be judged by: the first.
  const EvaluationRecord* main_evaluation() const {
    return evaluations.empty() ? nullptr : &evaluations.front();
  }
};

// Throws Error that names the file, for a folder that is none of a run, and for a damaged file.
RunRecord read_run(const std::filesystem::path& folder);
// In this order, with names that differ.
std::vector<RunRecord> read_runs(const std::vector<std::filesystem::path>& folders);

}  // namespace poster
