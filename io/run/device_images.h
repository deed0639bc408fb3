// A data set's pictures on a CUDA device, where they fit beside the training.
#pragma once

#include <memory>
#include <string>

#include "io/data/loader.h"
#include "io/settings/settings.h"
#include "model/trainer_base.h"

namespace poster {

// Null where pictures are to be streamed: on the CPU, and where they don't fit beside what training needs.
std::unique_ptr<ImageStore> make_image_store(TrainerBase<float>& trainer, const Settings& settings,
                                             std::int64_t pictures);

// The loader's batch as the trainer takes it; with a store, pictures that are new are put there first. Valid
// as long as the batch.
HostBatch<float> host_batch(const io::Batch& batch, ImageStore* store);

}  // namespace poster
