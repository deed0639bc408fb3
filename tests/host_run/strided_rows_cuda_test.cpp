#include "kernels/strided_rows/strided_rows.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/buffers.h"
#include "tests/support/cuda_ops.h"

namespace poster::kernels {
namespace {

using test::DeviceArray;
using test::Results;
using test::rounded_to;
using test::to_double;

struct Sizes {
  index_t rows, columns, out_stride, x_stride;
  index_t out_count() const { return (rows - 1) * out_stride + columns; }
  index_t x_count() const { return (rows - 1) * x_stride + columns; }
};

// Copies x into an array of NaN; then adds x to an array that holds `before`.
template <typename T>
Results run(const Sizes& s, const std::vector<T>& x, const std::vector<T>& before, index_t misalign = 0) {
  CudaQueue queue;
  const DeviceArray<T> from(x, misalign);
  DeviceArray<T> copied(s.out_count()), added(before);
  StridedRows<T> rows{.out = copied.data(),
                      .x = from.data(),
                      .rows = s.rows,
                      .columns = s.columns,
                      .out_stride = s.out_stride,
                      .x_stride = s.x_stride};
  strided_rows(queue, rows);
  rows.out = added.data();
  rows.accumulate = true;
  strided_rows(queue, rows);
  return {{"copied", copied.values(queue)}, {"added", added.values(queue)}};
}

class StridedRowsCuda : public test::CudaTestWith<Sizes> {
 protected:
  template <typename T>
  void expect_rows(const Results& results, const std::vector<T>& x, const std::vector<T>& before) {
    const Sizes s = GetParam();
    const std::vector<double>& copied = results.at("copied");
    std::vector<double> expected = to_double(before);
    for (index_t r = 0; r < s.rows; ++r)
      for (index_t c = 0; c < s.out_stride && r * s.out_stride + c < s.out_count(); ++c) {
        const index_t at = r * s.out_stride + c;
        if (c < s.columns) {
          ASSERT_EQ(copied[at], static_cast<double>(x[r * s.x_stride + c]));
          expected[at] += static_cast<double>(x[r * s.x_stride + c]);
        } else {
          ASSERT_TRUE(std::isnan(copied[at])) << "written between the rows";
        }
      }
    EXPECT_TRUE(test::close<T>(results.at("added"), expected, 1e-7));
  }
  template <typename T>
  void check() {
    const Sizes s = GetParam();
    const auto x = rounded_to<T>(test::random_values<double>(s.x_count(), 1));
    const auto before = rounded_to<T>(test::random_values<double>(s.out_count(), 2));
    expect_rows(test::for_each_order([&] { return run<T>(s, x, before); }), x, before);
    expect_rows(run<T>(s, x, before, 1), x, before);
  }
};

TEST_P(StridedRowsCuda, CopiesAndAddsInFloat) { check<float>(); }
TEST_P(StridedRowsCuda, CopiesAndAddsInHalf) { check<Half>(); }

// The class token of each image, and sizes that vectors don't fit, in the columns or in one of the strides.
INSTANTIATE_TEST_SUITE_P(Shapes, StridedRowsCuda,
                         testing::Values(Sizes{5, 96, 96, 13 * 96}, Sizes{5, 96, 13 * 96, 96},
                                         Sizes{1, 1, 1, 1}, Sizes{37, 7, 11, 9}, Sizes{3, 8, 12, 16},
                                         Sizes{3, 8, 16, 12}, Sizes{3, 4, 9, 8}, Sizes{4, 2056, 2056, 2064}));

class StridedRowsCudaEdges : public test::CudaTest {};

TEST_F(StridedRowsCudaEdges, MoreRowsThanAGridIsHigh) {
  const Sizes s{65'540, 1, 1, 1};
  const auto x = rounded_to<float>(test::random_values<double>(s.rows, 1));
  CudaQueue queue;
  const DeviceArray<float> from(x);
  DeviceArray<float> to(s.rows);
  strided_rows(
      queue,
      StridedRows<float>{
          .out = to.data(), .x = from.data(), .rows = s.rows, .columns = 1, .out_stride = 1, .x_stride = 1});
  EXPECT_EQ(to.values(queue), to_double(x));
}

TEST_F(StridedRowsCudaEdges, NoRows) {
  CudaQueue queue;
  DeviceArray<float> out(8);
  const DeviceArray<float> x(8);
  strided_rows(
      queue, StridedRows<float>{
                 .out = out.data(), .x = x.data(), .rows = 0, .columns = 8, .out_stride = 8, .x_stride = 8});
  for (const double value : out.values(queue)) EXPECT_TRUE(std::isnan(value));
}

}  // namespace
}  // namespace poster::kernels
