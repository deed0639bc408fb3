// What is measured of a classifier: running averages during an epoch, the confusion matrix of a split, and
// what follows from it.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

namespace poster::io {

// The last value and the average weighted by the number of images, summed in double.
class AverageMeter {
 public:
  void add(double value, std::int64_t count);
  double value() const { return value_; }
  double average() const;  // NaN before the first value
  std::int64_t count() const { return count_; }

 private:
  double value_ = 0, sum_ = 0;
  std::int64_t count_ = 0;
};

struct EpochMetrics {
  int epoch = 0;  // from 0
  double learning_rate = 0;
  double train_loss = 0, train_accuracy = 0;  // accuracies in percent; NaN where there is none
  double valid_loss = 0, valid_accuracy = 0;
  double seconds = 0, images_per_second = 0;
};

// One class against the rest. Fractions 0..1; 0 where the denominator is 0 (as scikit-learn has it).
struct ClassMetrics {
  std::string name;
  std::int64_t support = 0;  // images with this label
  double precision = 0, recall = 0, f1 = 0;
};

// Counts of (label, prediction). There are as many labels as classes; a network with more outputs than
// classes can also predict what no label is, and that is always wrong.
class ConfusionMatrix {
 public:
  // outputs >= class_names.size(); output i stands for class i where there is one.
  explicit ConfusionMatrix(std::vector<std::string> class_names, int outputs = 0);

  void add(int label, int prediction, std::int64_t count = 1);  // throws poster::Error out of range
  void add(std::span<const std::int32_t> labels, std::span<const std::int32_t> predictions);
  void add(const ConfusionMatrix& other);  // of the same shape

  int classes() const { return static_cast<int>(names_.size()); }
  int outputs() const { return outputs_; }
  const std::vector<std::string>& class_names() const { return names_; }
  std::string output_name(int output) const;  // "output 5" beyond the classes
  std::int64_t count(int label, int prediction) const { return counts_[label * outputs_ + prediction]; }
  std::int64_t support(int label) const;  // images with that label
  std::int64_t total() const;
  // Share of an image's label among the images of that label, 0..1; NaN without images.
  double row_share(int label, int prediction) const;

  double accuracy() const;  // top-1 in percent; NaN without images
  double macro_f1() const;  // mean over the classes that have images, 0..1; NaN without images
  std::vector<ClassMetrics> per_class() const;

  // Table of counts, then precision, recall, F1 and support of every class, aligned for a fixed-width font.
  std::string text() const;
  // {"classes": […], "outputs": n, "confusion": [[…]], "total": n, "accuracy": percent, "macro_f1": x,
  //  "per_class": [{"name", "precision", "recall", "f1", "support"}]}; NaN becomes null.
  nlohmann::ordered_json json() const;
  // Back from it; `source` begins messages. Throws poster::Error for anything that json() didn't write: other
  // types, rows of other lengths, counts below 0, a total that isn't the counts' sum.
  static ConfusionMatrix from_json(const nlohmann::ordered_json& json, const std::string& source);

 private:
  std::vector<std::string> names_;
  int outputs_;
  std::vector<std::int64_t> counts_;
};

}  // namespace poster::io
