// The view of a run, settled between what the user asks for, what the checkpoint was trained with, and what
// has been done to the images on disk (io/face/preparation.h).
#pragma once

#include <string>
#include <vector>

#include "apps/train/train_options.h"

namespace poster {

// Puts the preparation of settings.data into `settings`, and the view that its images are seen through:
// what was cut or painted on disk is the view of a run, and isn't done again. Each returns lines to be told.
//
// Throws Error: a second cut is asked for; train and the split of each epoch were prepared with different
// views; a run goes on with images that were prepared otherwise than its own.
std::vector<std::string> settle_training_view(Settings& settings, const TrainOptions& options,
                                              const Settings* resumed);
// settings.split is the split. A view other than that of training is told.
std::vector<std::string> settle_evaluation_view(Settings& settings, const TrainOptions& options,
                                                const Settings* trained);

}  // namespace poster
