#include "kernels/cast/cast.h"

#include "tests/ops/suite/op_test.h"

namespace poster::test {
namespace {

using kernels::Cast;

void reference(const Cast<double>& a) {
  for (index_t i = 0; i < a.count; ++i) a.y[i] = a.x[i];
}

const bool added = [] {
  auto op = op_test<Cast>(
      {.reference = reference, .tolerance = 1e-30, .exact_tolerance = 1e-30, .bits_for_any_alignment = true});
  for (const index_t count : {0, 1, 3, 4, 7, 9, 1023, 4100, 16'384, 40'003}) op.add({.count = count});
  op.add({.count = 1'090'003});  // more than the grid takes at once
  // 16-bit numbers that have lost bits to the exponent's end.
  op.add({.count = 1001}, {.ranges = {{"x", {-1e-6, 1e-6}}}});
  op.add({.count = 1001}, {.ranges = {{"x", {-60'000, 60'000}}}});
  return true;
}();

}  // namespace
}  // namespace poster::test
