#include "kernels/sigmoid_gate/sigmoid_gate.h"

#include <cmath>

#include "tests/ops/suite/op_test.h"

namespace poster::test {
namespace {

using kernels::SigmoidGateBackward, kernels::SigmoidGateForward;

double sigmoid(double z) { return 1 / (1 + std::exp(-z)); }

void reference(const SigmoidGateForward<double>& a) {
  for (index_t i = 0; i < a.count; ++i) a.y[i] = a.x[i] * sigmoid(a.z[i]);
}

void reference(const SigmoidGateBackward<double>& a) {
  for (index_t i = 0; i < a.count; ++i) {
    const double s = sigmoid(a.z[i]), dy = a.dy[i];  // dx may be dy
    a.dx[i] = dy * s;
    a.dz[i] = dy * a.x[i] * s * (1 - s);
  }
}

const bool added = [] {
  auto forward = op_test<SigmoidGateForward>({.reference = reference});
  auto backward = op_test<SigmoidGateBackward>({.reference = reference, .gradient_tolerance = 1e-7});
  const auto add = [&](index_t count, const CaseOptions& options) {
    const auto f = forward.add({.count = count}, options);
    CaseOptions o = options;
    o.gradient_of = f;
    backward.add({.count = count}, o);
  };
  for (const index_t count : {0, 1, 7, 8, 71, 768, 2048, 5 * 512, 10'001, 50'001})
    for (const double far : {3., 6.})
      add(count,
          {.ranges = {{"x", {-2, 2}}, {"z", {-far, far}}}, .floors = {{"y", 0.1}, {"dx", 0.1}, {"dz", 0.1}}});
  // Far out it is shut or open, to the last bit.
  for (const double z : {-200., 200.})
    add(9, {.ranges = {{"x", {2, 2}}, {"z", {z, z}}, {"dy", {3, 3}}},
            .floors = {{"y", 1e-3}, {"dx", 1e-3}, {"dz", 1e-3}},
            .tolerance = 1e-9,
            .saturated = true});
  forward.refuses({.count = -1}, "negative");
  return true;
}();

}  // namespace
}  // namespace poster::test
