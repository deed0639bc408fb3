// What is kept of an evaluation in a run's folder. STATE is the checkpoint's name without its extension
// ("last", "best"); OF is empty for the run's own result and else says what is other (evaluation_place.h):
//
// evaluation-STATE-SPLITOF.json: io::ConfusionMatrix::json, loss, checkpoint, epoch, state, data, split,
// listing_hash, images, view, resize and size; "trained_view" where that is another, "preparation" where it
// is known, "of" where it isn't empty, and "renaming" where the classes seem to be mixed up.
//
// predictions-STATE-SPLITOF.csv: each image with its probabilities (io/score/predictions.h).
//
// confusion-STATE-SPLITOF.png, .svg: the confusion matrix.
#pragma once

#include <optional>
#include <string>

#include "io/run/evaluation.h"
#include "io/run/run_log.h"
#include "io/score/class_renaming.h"
#include "io/settings/settings.h"

namespace poster {

struct EvaluatedState {
  std::string state;       // names the files
  std::string checkpoint;  // path
  int epoch = -1;          // that it was saved after, from 0; -1: not known
  std::string listing_hash = {};
  std::string of = {};                // other_subject
  const Settings* trained = nullptr;  // of the checkpoint, where it has any
  std::string weights = {};           // what was loaded, where it isn't all
};

// Written atomically, each file; settings.split is the split. Throws Error.
void write_evaluation(const io::RunFolder& folder, const EvaluatedState& state, const Settings& settings,
                      const Evaluation& evaluation);

// evaluation-….json, predictions-….csv; confusion-… without extension
std::string evaluation_file(const std::string& state, const std::string& split, const std::string& of = "");
std::string predictions_file(const std::string& state, const std::string& split, const std::string& of = "");
std::string confusion_file(const std::string& state, const std::string& split, const std::string& of = "");

}  // namespace poster
