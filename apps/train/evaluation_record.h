// What is kept of an evaluation in a run's folder. STATE is the checkpoint's name without its extension
// ("last", "best"):
//   evaluation-STATE-SPLIT.json        io::ConfusionMatrix::json, loss, checkpoint, epoch, data, split, view;
//                                      and "renaming" where the classes seem to be mixed up
//   predictions-STATE-SPLIT.csv        each picture with its probabilities (io/predictions.h)
//   confusion-STATE-SPLIT.png, .svg    the confusion matrix
#pragma once

#include <optional>
#include <string>

#include "apps/common/settings.h"
#include "apps/train/evaluation.h"
#include "io/class_renaming.h"
#include "io/run_log.h"

namespace poster {

struct EvaluatedState {
  std::string state;       // names the files
  std::string checkpoint;  // path
  int epoch = -1;          // that it was saved after, from 0; -1: not known
};

// Written atomically, each file; settings.split is the split. Throws Error.
void write_evaluation(const io::RunFolder& folder, const EvaluatedState& state, const Settings& settings,
                      const Evaluation& evaluation);

std::string evaluation_file(const std::string& state, const std::string& split);   // evaluation-….json
std::string predictions_file(const std::string& state, const std::string& split);  // predictions-….csv
std::string confusion_file(const std::string& state, const std::string& split);    // without extension

}  // namespace poster
