// What poster_train does, for it and for programs that train many runs.
#pragma once

#include "apps/train/evaluation.h"
#include "apps/train/train_options.h"

namespace poster {

// Trains a run to its last epoch, or goes on with one; false when it was asked to stop and has saved its
// state. With options.dry_run it only prints what memory the run needs. Tells of its progress on standard
// output. Throws Error.
bool train(const TrainOptions& options);

// Evaluates the checkpoint options.evaluate on one split (default: test), prints the result, and writes it
// (apps/train/evaluation_record.h) to options.out, or beside the checkpoint. Throws Error.
Evaluation evaluate(const TrainOptions& options);

}  // namespace poster
