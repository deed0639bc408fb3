#include "kernels/cross_entropy/cross_entropy.h"

#include <algorithm>
#include <cmath>

#include "tests/ops/suite/op_test.h"

namespace poster::test {
namespace {

using kernels::CrossEntropy;

void reference(const CrossEntropy<double>& a) {
  for (index_t n = 0; n < a.batch; ++n) {
    const std::vector<double> x(a.x + n * a.classes, a.x + (n + 1) * a.classes);  // dx may be a.x
    const double most = *std::max_element(x.begin(), x.end());
    double sum = 0, loss = 0;
    for (const double value : x) sum += std::exp(value - most);
    for (index_t c = 0; c < a.classes; ++c) {
      const double log_p = x[c] - most - std::log(sum);
      const double target =
          (1 - a.smoothing) * (c == a.labels[n]) + a.smoothing / static_cast<double>(a.classes);
      loss -= target * log_p;
      if (a.dx)
        a.dx[n * a.classes + c] = (a.dx_scale ? *a.dx_scale : 1) * a.weight * (std::exp(log_p) - target) /
                                  static_cast<double>(a.batch);
    }
    a.losses[n] = a.weight * loss;
  }
}

const bool added = [] {
  auto op = op_test<CrossEntropy>({.reference = reference, .tolerance = 2e-6});
  struct Case {
    index_t batch, classes;
    double smoothing, weight;
  };
  for (const auto [batch, classes, smoothing, weight] :
       {Case{0, 7, 0, 1}, Case{1, 1, 0, 1}, Case{1, 7, 0, 1}, Case{5, 7, 0.1, 1}, Case{3, 8, 0.25, 2.5},
        Case{13, 3, 1, 0.5}, Case{4, 71, 0.1, 2}, Case{5, 33, 0, 0.75}, Case{64, 7, 0.1, 0.75},
        Case{3, 1000, 0.1, 0.75}, Case{1500, 7, 0.1, 2}}) {
    const CrossEntropy<double> a{
        .batch = batch, .classes = classes, .smoothing = smoothing, .weight = weight};
    // Of one class the gradient is 0, and its float's rounding is that of numbers near 1.
    const std::map<std::string, double> floors = {{"losses", classes == 1 ? 1 : 1e-2},
                                                  {"dx", classes == 1 ? 1 : 1e-3}};
    op.add(a,
           {.ranges = {{"x", {-5, 5}}, {"dx_scale", {4, 4}}}, .floors = floors, .saturated = classes == 1});
    // Where exp of a score overflows.
    op.add(
        a,
        {.ranges = {{"x", {-1000, 1000}}, {"dx_scale", {0.25, 0.25}}}, .floors = floors, .saturated = true});
  }
  op.refuses({.batch = 2, .classes = 0}, "classes must be at least 1");
  return true;
}();

}  // namespace
}  // namespace poster::test
