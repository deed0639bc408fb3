// Checkpoints that others have written: they say what network they hold, and nothing of settings.
#pragma once

#include "apps/train/train_options.h"
#include "io/checkpoint/checkpoint.h"

namespace poster {

// The options with the checkpoint's model. Throws Error where they name another.
TrainOptions with_model_of(const Checkpoint& checkpoint, TrainOptions options);

}  // namespace poster
