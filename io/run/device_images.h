// A data set's images on a CUDA device, where they fit beside the training.
#pragma once

#include <memory>
#include <string>

#include "io/data/loader.h"
#include "io/settings/settings.h"
#include "model/trainer_base.h"

namespace poster {

// Of the images that a run's network is given.
int input_side(const Settings& settings);

// Null where images are to be streamed: on the CPU, and where they don't fit beside what training needs.
std::unique_ptr<ImageStore> make_image_store(TrainerBase& trainer, const Settings& settings,
                                             std::int64_t images);

// The loader's batch as the trainer takes it; with a store, images that are new are put there first. Valid
// as long as the batch.
HostBatch host_batch(const io::Batch& batch, ImageStore* store);

}  // namespace poster
