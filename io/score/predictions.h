// How a network judged each image of a split, as a CSV file beside the evaluation.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace poster::io {

struct JudgedImage {
  std::string path;  // below the data's folder: SPLIT/CLASS/NAME
  int label = 0;
  int prediction = 0;                // the output with the largest logit
  std::vector<float> probabilities;  // of each output
};

struct Predictions {
  std::vector<std::string> outputs;  // the outputs' names; those of the classes come first
  std::vector<JudgedImage> images;
};

// Columns: image, label, prediction (names), then a column an output. Probabilities read back as the same
// floats. Written atomically; throws poster::Error.
void write_predictions(const std::filesystem::path& path, const Predictions& predictions);

// Throws poster::Error that names the line for a file that isn't as write_predictions writes it.
Predictions read_predictions(const std::filesystem::path& path);

}  // namespace poster::io
