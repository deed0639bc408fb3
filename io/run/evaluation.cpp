#include "io/run/evaluation.h"

#include <algorithm>
#include <cmath>

#include "engine/softmax.h"
#include "io/run/device_images.h"
#include "io/run/log_format.h"

namespace poster {
namespace {

std::vector<float> probabilities(const float* logits, std::int64_t outputs) {
  std::vector<float> result(logits, logits + outputs);
  softmax<float>(result);
  return result;
}

}  // namespace

int predicted_class(const float* logits, std::int64_t outputs) {
  return static_cast<int>(std::max_element(logits, logits + outputs) - logits);
}

Evaluation evaluate_split(TrainerBase& trainer, const io::Dataset& data, io::BatchLoader& loader,
                          ImageStore* store, int print_freq,
                          const std::function<void(const std::string& line)>& line) {
  const std::int64_t outputs = trainer.outputs();
  Evaluation evaluation{io::ConfusionMatrix(data.classes(), static_cast<int>(outputs))};
  io::AverageMeter loss, accuracy;
  io::Batch batch;
  loader.start_epoch(0);
  while (loader.next(batch)) {
    if (batch.size == 0) continue;  // every image of it was skipped
    const auto result = trainer.evaluate(host_batch(batch, store));
    int correct = 0;
    for (int i = 0; i < batch.size; ++i) {
      const float* logits = result.logits.data() + i * outputs;
      if (!std::all_of(logits, logits + outputs, [](float x) { return std::isfinite(x); }))
        throw NotFiniteError("the network's outputs for " + data.path(batch.samples[i]) + " are not finite");
      const int prediction = predicted_class(logits, outputs);
      evaluation.confusion.add(batch.labels[i], prediction);
      evaluation.images.push_back(
          {data.path(batch.samples[i]), batch.labels[i], prediction, probabilities(logits, outputs)});
      correct += prediction == batch.labels[i];
    }
    loss.add(result.loss, batch.size);
    accuracy.add(100.0 * correct / batch.size, batch.size);
    if (batch.number % print_freq == 0)
      line(io::format_test_line(static_cast<int>(batch.number), static_cast<int>(loader.batches_per_epoch()),
                                loss, accuracy));
  }
  evaluation.loss = loss.average();
  evaluation.skipped = data.size() - std::ssize(evaluation.images);
  if (evaluation.images.empty()) throw Error("no image of the split can be read; there is nothing to judge");
  if (evaluation.skipped > 0)
    line("Judged " + std::to_string(evaluation.images.size()) + " of " + std::to_string(data.size()) +
         " images; the others cannot be read");
  line(io::format_accuracy_line(evaluation.confusion.accuracy()));
  return evaluation;
}

}  // namespace poster
