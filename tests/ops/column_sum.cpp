#include "kernels/column_sum/column_sum.h"

#include "tests/ops/suite/op_test.h"

namespace poster::test {
namespace {

using kernels::ColumnSum;

void reference(const ColumnSum<double>& a) {
  for (index_t c = 0; c < a.columns; ++c) {
    double sum = a.accumulate ? a.out[c] : 0;
    for (index_t r = 0; r < a.rows; ++r) sum += a.x[r * a.columns + c];
    a.out[c] = sum;
  }
}

const bool added = [] {
  auto op = op_test<ColumnSum>(
      {.reference = reference, .tolerance = 5e-6, .cuda_tolerance = 1e-6, .bits_for_any_alignment = true});
  struct Sizes {
    index_t rows, columns;
  };
  for (const bool accumulate : {false, true}) {
    for (const auto [rows, columns] :
         {Sizes{1, 1}, Sizes{0, 16}, Sizes{77, 1}, Sizes{5, 7}, Sizes{1000, 9}, Sizes{300, 768},
          Sizes{2050, 64}, Sizes{9, 520}, Sizes{1, 264}, Sizes{5000, 71}, Sizes{20'003, 8}})
      op.add({.rows = rows, .columns = columns, .accumulate = accumulate},
             {.ranges = {{"x", {-1, 1.5}}}, .floors = {{"out", 1}}});
  }
  // Row after row in one float would miss the tolerance.
  op.add({.rows = 20'000, .columns = 8}, {.ranges = {{"x", {1. / 3, 1. / 3}}}});
  return true;
}();

}  // namespace
}  // namespace poster::test
