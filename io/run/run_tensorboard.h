// What a training run tells TensorBoard.
#pragma once

#include <span>

#include "io/checkpoint/checkpoint.h"
#include "io/run/run_log.h"
#include "io/run/tensorboard_log.h"
#include "io/settings/settings.h"

namespace poster {

// Begins the run's event file: settings, the epochs so far, and the confusion matrix of the best of them
// where the folder has it. Throws Error.
io::TensorBoardLog begin_tensorboard(const io::RunFolder& folder, const Settings& settings,
                                     std::span<const io::EpochMetrics> kept, const Position& position);

// Adds an epoch; with the confusion matrix in the folder when the epoch is the best so far. Throws Error.
void add_to_tensorboard(io::TensorBoardLog& log, const io::RunFolder& folder, const Settings& settings,
                        const io::EpochMetrics& row, bool best);

}  // namespace poster
