// The command line of poster_predict.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "apps/common/view_options.h"

namespace CLI {
class App;
}

namespace poster {

struct PredictCommand {
  std::string checkpoint, device = "auto", precision = "fp32", format = "text", annotate, attention;
  std::vector<std::string> inputs;
  std::optional<std::vector<std::string>> classes;
  std::optional<std::string> faces, recipe, detector;
  std::optional<std::vector<double>> box;
  std::optional<double> smallest;
  GivenView view;
  std::optional<std::size_t> top;  // nothing: 3 classes in text, 1 in labels
  double min_probability = 0;
  int threads = 0, batch = 1, every = 1;
  bool demo = false, summary = false, rename_classes = false, watch = false, allow_unsafe = false,
       allow_partial = false;
};

void add_predict_options(CLI::App& app, PredictCommand& command);

}  // namespace poster
