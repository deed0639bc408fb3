// Runs a golden case and compares everything that the reference stored.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "apps/golden/golden_case.h"
#include "engine/device.h"

namespace poster {

struct GoldenGroup {
  std::string name;
  double tolerance;
  double error = 0;          // the worst relative error; infinity when something is NaN or missing
  std::string worst_tensor;  // that has it
  std::size_t tensors = 0;   // compared

  bool passed() const { return error <= tolerance; }
};

// Errors are relative to the larger of the tensor's own norm (or largest value) and 1e-6 of the largest in
// its group (1e-4 where the reference has rounding alone): a sample's elements as a vector against their
// norm.
template <typename T>
std::vector<GoldenGroup> check_golden_case(Device& device, const GoldenCase& golden);

}  // namespace poster
