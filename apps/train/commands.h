// What poster_train does, for it and for programs that train many runs.
#pragma once

#include <filesystem>

#include "apps/train/train_options.h"
#include "io/run/evaluation.h"

namespace poster {

// Trains a run to its last epoch, or goes on with one; false when it was asked to stop and has saved its
// state. With options.dry_run it only prints what memory the run needs. Tells of its progress on standard
// output. Throws Error.
bool train(const TrainOptions& options);

struct Evaluated {
  Evaluation evaluation;
  std::filesystem::path record;  // the file evaluation-….json
  bool own = true;               // the run's own result (io/run/evaluation_place.h)
};

// Evaluates the checkpoint options.evaluate on one split (default: test), prints the result, and writes it
// (io/run/evaluation_record.h) to options.out, or beside the checkpoint. Throws Error.
Evaluated evaluate(const TrainOptions& options);

}  // namespace poster
