#include "kernels/strided_rows/strided_rows.h"

#include <gtest/gtest.h>

#include "tests/support/buffers.h"

namespace poster::kernels {
namespace {

TEST(StridedRows, CopiesAndAddsOnlyTheRowsNamed) {
  CpuQueue queue(2);
  for (const index_t rows : {1, 5, 37}) {
    const index_t columns = 7, out_stride = 11, x_stride = 9;
    const auto x = test::random_values<double>(rows * x_stride, 1);
    test::Output<double> out((rows - 1) * out_stride + columns);
    const StridedRows<double> copy{.out = out.data(),
                                   .x = x.data(),
                                   .rows = rows,
                                   .columns = columns,
                                   .out_stride = out_stride,
                                   .x_stride = x_stride};
    StridedRows<double> add = copy;
    add.accumulate = true;
    strided_rows(queue, copy);
    strided_rows(queue, add);
    for (index_t r = 0; r < rows; ++r)
      for (index_t c = 0; c < out_stride && r * out_stride + c < out.size(); ++c) {
        const double value = out.data()[r * out_stride + c];
        if (c < columns) {
          EXPECT_EQ(value, 2 * x[r * x_stride + c]);
        } else {
          EXPECT_TRUE(std::isnan(value)) << "written between the rows";
        }
      }
  }
}

}  // namespace
}  // namespace poster::kernels
