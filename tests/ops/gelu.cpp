#include "kernels/gelu/gelu.h"

#include <cmath>

#include "tests/ops/suite/op_test.h"

namespace poster::test {
namespace {

using kernels::GeluBackward, kernels::GeluForward;

void reference(const GeluForward<double>& a) {
  for (index_t i = 0; i < a.count; ++i) {
    const double u = a.x[i] + (a.bias ? a.bias[i % a.columns] : 0);
    a.y[i] = u * (1 + std::erf(u / std::sqrt(2.0))) / 2;
  }
}

const bool added = [] {
  auto forward = op_test<GeluForward>({.reference = reference});
  auto backward = op_test<GeluBackward>({});
  // Far in the tail a value has no neighbours to be measured by.
  const auto add = [&](index_t count, index_t columns, Range x) {
    const CaseOptions options{.ranges = {{"x", x}, {"bias", {-2, 2}}},
                              .floors = {{"y", 0.1}, {"dx", 0.1}},
                              .saturated = std::abs(x.low) > 7};
    const auto f = forward.add({.count = count, .columns = columns}, options);
    backward.add({.count = count, .columns = columns},
                 {.gradient_of = f, .floors = options.floors, .saturated = options.saturated});
  };
  struct Sizes {
    index_t count, columns;
  };
  // Some are longer than a task of the CPU's kernel, in rows that no task ends with.
  for (const auto [count, columns] :
       {Sizes{0, 0}, Sizes{1, 0}, Sizes{7, 0}, Sizes{8, 0}, Sizes{2053, 0}, Sizes{50'001, 0}, Sizes{1, 1},
        Sizes{3, 1}, Sizes{35, 7}, Sizes{12, 12}, Sizes{29 * 71, 71}, Sizes{50 * 64, 64},
        Sizes{11 * 3072, 3072}, Sizes{40'002, 20'001}})
    add(count, columns, {-6, 6});
  for (double low = -10; low < 10; low += 0.5) add(701, 0, {low, low + 0.5});
  for (const double far : {-1000., 1000.}) add(9, 0, {far, far + 1});
  forward.refuses({.count = 7, .columns = 3}, "multiple");
  backward.refuses({.count = 7, .columns = 0}, "multiple");
  return true;
}();

}  // namespace
}  // namespace poster::test
