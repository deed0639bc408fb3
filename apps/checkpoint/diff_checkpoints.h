// Two files of weights, tensor by tensor.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace poster {

struct TensorDifference {
  std::string name;
  std::string what;        // "only in A", "only in B", types or shapes; empty: the elements
  std::int64_t count = 0;  // elements that differ
  double largest = 0;      // absolute difference; NaN where one of the two is NaN
  double relative = 0;     // largest, divided by the largest element of A
};

struct CheckpointDifference {
  std::size_t compared = 0;  // tensors in both
  std::vector<TensorDifference> tensors;
  std::vector<std::string> metadata;  // of our checkpoints: "position: {…} and {…}"
  bool equal() const { return tensors.empty() && metadata.empty(); }
};

// Names are compared without `module.` in front; of whole networks the optimizer's moments too. Elements
// count as equal when their values are, NaN to NaN; types and shapes must be the same unless `values_only`,
// which lets a float tensor equal its double. Differences up to `tolerance`, relative to the largest element,
// are passed over.
CheckpointDifference diff_checkpoints(const std::filesystem::path& a, const std::filesystem::path& b,
                                      double tolerance = 0, bool values_only = false,
                                      bool ignore_unsafe = false);

std::string text_of(const CheckpointDifference& difference);

}  // namespace poster
