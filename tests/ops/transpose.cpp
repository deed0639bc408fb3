#include "kernels/transpose/transpose.h"

#include "tests/ops/suite/op_test.h"

namespace poster::test {
namespace {

using kernels::Transpose;

void reference(const Transpose<double>& a) {
  for (index_t b = 0; b < a.batch; ++b)
    for (index_t c = 0; c < a.columns; ++c)
      for (index_t r = 0; r < a.rows + a.padding; ++r)
        a.out[(b * a.columns + c) * a.out_stride + r] =
            r < a.rows ? a.x[(b * a.rows + r) * a.x_stride + c] : 0;
}

const bool added = [] {
  auto op = op_test<Transpose>({.reference = reference, .tolerance = 0, .exact_tolerance = 0});
  struct Sizes {
    index_t batch, rows, columns, padding, out_gap, x_gap;  // gaps behind each row
  };
  // A half of the tokens, the first token alone and its way back, sizes about those of a tile, and more
  // images than a grid is high.
  for (const Sizes s : {Sizes{1, 1, 1, 0, 0, 0}, Sizes{2, 50, 65, 0, 50, 0}, Sizes{2, 50, 64, 0, 50, 0},
                        Sizes{2, 64, 50, 0, 0, 50}, Sizes{3, 33, 31, 0, 0, 7}, Sizes{3, 33, 31, 1, 2, 3},
                        Sizes{2, 64, 1, 0, 0, 9}, Sizes{2, 64, 1, 0, 0, 99}, Sizes{2, 1, 70, 9, 0, 0},
                        Sizes{2, 1, 64, 99, 0, 0}, Sizes{1, 32, 32, 0, 0, 0}, Sizes{1, 32, 32, 1, 1, 1},
                        Sizes{5, 7, 100, 0, 3, 2}, Sizes{4, 50, 129, 3, 0, 0}, Sizes{65'540, 1, 2, 0, 0, 0},
                        Sizes{0, 5, 5, 0, 0, 0}})
    op.add({.batch = s.batch,
            .rows = s.rows,
            .columns = s.columns,
            .out_stride = s.rows + s.padding + s.out_gap,
            .x_stride = s.columns + s.x_gap,
            .padding = s.padding});
  op.refuses({.batch = 1, .rows = 3, .columns = 2, .out_stride = 3, .x_stride = 2, .padding = -1}, "padding");
  op.refuses({.batch = 1, .rows = 3, .columns = 2, .out_stride = 3, .x_stride = 2, .padding = 1},
             "rows of out overlap");
  return true;
}();

}  // namespace
}  // namespace poster::test
