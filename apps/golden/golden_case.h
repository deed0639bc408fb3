// A golden case: how a model is filled, and what the reference then computes. Two files side by side,
// NAME.safetensors and NAME.manifest.json; the format is described in tests/data/golden/README.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/named_tensor.h"
#include "engine/optimizer.h"

namespace poster {

struct GoldenTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  bool filled;  // by the formula; else it keeps its own value
  double mean, scale;
};

struct GoldenCase {
  std::string seed, model;
  std::int64_t outputs, batch, steps;
  double lr;
  OptimizerOptions optimizer;
  // Keep masks of one forward pass: by module, for each of its calls, one 0 or 1 a sample.
  std::map<std::string, std::vector<std::vector<double>>> masks;
  std::vector<std::int32_t> labels;
  std::vector<GoldenTensor> tensors;
  // Everything that the reference computed, by name, in the file's order.
  std::vector<std::pair<std::string, std::vector<double>>> expected;

  const std::vector<double>& at(const std::string& name) const;  // throws Error when there is none
};

// Throws Error that names the file and what is wrong with it.
GoldenCase read_golden_case(const std::filesystem::path& safetensors);

// A tensor filled by the formula: value i = float32(mean + scale v(seed, name, i)), v uniform in [-1, 1).
NamedTensor golden_fill(const std::string& seed, const GoldenTensor& tensor);

// [sum, L2 norm, largest absolute value, e_0 … e_{n-1}], n = min(elements, size), e_k = element floor(k size
// / n).
std::vector<double> golden_sample(const std::vector<double>& values, std::size_t elements);

}  // namespace poster
