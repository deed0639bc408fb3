#include "kernels/strided_rows/strided_rows.h"

#include "tests/ops/suite/op_test.h"

namespace poster::test {
namespace {

using kernels::StridedRows;

void reference(const StridedRows<double>& a) {
  for (index_t r = 0; r < a.rows; ++r)
    for (index_t c = 0; c < a.columns; ++c) {
      double& out = a.out[r * a.out_stride + c];
      out = (a.accumulate ? out : 0) + a.x[r * a.x_stride + c];
    }
}

const bool added = [] {
  auto op = op_test<StridedRows>({.reference = reference, .tolerance = 0, .exact_tolerance = 0});
  struct Sizes {
    index_t rows, columns, out_stride, x_stride;
  };
  // The class token of each image, sizes that vectors don't fit, in the columns or in one of the strides, and
  // more rows than a grid is high.
  for (const Sizes s :
       {Sizes{5, 96, 96, 13 * 96}, Sizes{5, 96, 13 * 96, 96}, Sizes{1, 1, 1, 1}, Sizes{1, 7, 11, 9},
        Sizes{5, 7, 11, 9}, Sizes{37, 7, 11, 9}, Sizes{3, 8, 12, 16}, Sizes{3, 8, 16, 12}, Sizes{3, 4, 9, 8},
        Sizes{4, 2056, 2056, 2064}, Sizes{65'540, 1, 1, 1}, Sizes{0, 8, 8, 8}})
    for (const bool accumulate : {false, true})
      op.add({.rows = s.rows,
              .columns = s.columns,
              .out_stride = s.out_stride,
              .x_stride = s.x_stride,
              .accumulate = accumulate},
             {.tolerance = accumulate ? 1e-7 : 0});
  op.refuses({.rows = 2, .columns = 3, .out_stride = 2, .x_stride = 3}, "rows of out overlap");
  op.refuses({.rows = 2, .columns = 3, .out_stride = 3, .x_stride = 2}, "rows of x overlap");
  op.refuses({.rows = 3, .columns = 3, .out_stride = index_t{1} << 61, .x_stride = 3},
             "rows of out lie too far apart");
  return true;
}();

}  // namespace
}  // namespace poster::test
