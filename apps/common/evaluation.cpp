#include "apps/common/evaluation.h"

#include <algorithm>
#include "apps/common/device_pictures.h"

#include "io/log_format.h"

namespace poster {

int predicted_class(const float* logits, std::int64_t outputs) {
  return static_cast<int>(std::max_element(logits, logits + outputs) - logits);
}

Evaluation evaluate_split(TrainerBase<float>& trainer, io::BatchLoader& loader, PictureStore* store,
                          const std::vector<std::string>& classes, int print_freq,
                          const std::function<void(const std::string& line)>& line) {
  const std::int64_t outputs = trainer.outputs();
  Evaluation evaluation{io::ConfusionMatrix(classes, static_cast<int>(outputs))};
  io::AverageMeter loss, accuracy;
  io::Batch batch;
  loader.start_epoch(0);
  while (loader.next(batch)) {
    if (batch.size == 0) continue;  // every picture of it was skipped
    const auto result = trainer.evaluate(host_batch(batch, store));
    int correct = 0;
    for (int i = 0; i < batch.size; ++i) {
      const int prediction = predicted_class(result.logits.data() + i * outputs, outputs);
      evaluation.confusion.add(batch.labels[i], prediction);
      correct += prediction == batch.labels[i];
    }
    loss.add(result.loss, batch.size);
    accuracy.add(100.0 * correct / batch.size, batch.size);
    if (batch.number % print_freq == 0)
      line(io::format_test_line(static_cast<int>(batch.number), static_cast<int>(loader.batches_per_epoch()),
                                loss, accuracy));
  }
  evaluation.loss = loss.average();
  line(io::format_accuracy_line(evaluation.confusion.accuracy()));
  return evaluation;
}

}  // namespace poster
