// What is in a file of weights, for people and as JSON.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "engine/tensor_view.h"

namespace poster {

struct TensorSummary {
  std::string name;
  DType dtype;
  std::vector<std::int64_t> shape;
  double norm = 0;  // L2, of the elements that are finite
  std::int64_t nan = 0, infinite = 0;
};

TensorSummary summarise(const std::string& name, const TensorView& view);

struct FileSummary {
  std::string path, format;
  std::string model;         // empty: no whole network
  std::string fit;           // of a whole network: "747/747 tensors", and what doesn't fit
  std::int64_t outputs = 0;  // 0: no whole network
  std::vector<std::string> classes;
  // How faces were shown in training; and what had been done to the images before.
  std::string view = "unknown", resize = "unknown", preparation = "unknown";
  std::string license;             // as the file states it; mostly empty
  std::int64_t epoch = -1;         // of the next step; -1: the file doesn't say
  double best_accuracy = -1;       // percent
  std::size_t moments = 0;         // tensors of the optimizer's state
  std::vector<std::string> notes;  // unsafe and unknown names, what is no tensor
  std::vector<TensorSummary> tensors;
};

// Of any .pth or .safetensors file, also one without weights. Unsafe names don't keep it from being read:
// nothing is ever called. Throws Error for files of other formats and damaged ones.
FileSummary inspect_checkpoint(const std::filesystem::path& path);

std::string text_of(const FileSummary& summary);
nlohmann::ordered_json json_of(const FileSummary& summary);

}  // namespace poster
