// Evaluating a network on one split: deterministic, the whole split.
#pragma once

#include <functional>

#include "apps/common/settings.h"
#include "io/loader.h"
#include "io/metrics.h"
#include "model/trainer_base.h"

namespace poster {

struct Evaluation {
  io::ConfusionMatrix confusion;
  double loss = 0;  // mean over the pictures
};

// Index of the largest logit.
int predicted_class(const float* logits, std::int64_t outputs);

// line: told the reference's progress line for every `print_freq`-th batch.
// store: of the pictures on the device, when the loader makes batches for it.
Evaluation evaluate_split(TrainerBase<float>& trainer, io::BatchLoader& loader, PictureStore* store,
                          const std::vector<std::string>& classes, int print_freq,
                          const std::function<void(const std::string& line)>& line);

}  // namespace poster
