// Evaluating a network on one split: deterministic, the whole split.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/error.h"
#include "io/data/loader.h"
#include "io/score/metrics.h"
#include "io/score/predictions.h"
#include "model/trainer_base.h"

namespace poster {

// An output of the network is infinite or no number: no class can be told from it.
class NotFiniteError : public Error {
 public:
  using Error::Error;
};

struct Evaluation {
  io::ConfusionMatrix confusion;
  double loss = 0;           // mean over the images
  std::int64_t skipped = 0;  // images that could not be read, which are in none of these numbers
  // In the data set's order, each with its path as the data set names it.
  std::vector<io::JudgedImage> images = {};
};

// Index of the largest logit.
int predicted_class(const float* logits, std::int64_t outputs);

// Throws NotFiniteError that names the image.
// line: told the reference's progress line for every `print_freq`-th batch.
// store: of the images on the device, when the loader makes batches for it.
Evaluation evaluate_split(TrainerBase& trainer, const io::Dataset& data, io::BatchLoader& loader,
                          ImageStore* store, int print_freq,
                          const std::function<void(const std::string& line)>& line);

}  // namespace poster
