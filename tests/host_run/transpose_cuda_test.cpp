#include "kernels/transpose/transpose.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/buffers.h"
#include "tests/support/cuda_ops.h"

namespace poster::kernels {
namespace {

using test::DeviceArray;
using test::Results;
using test::rounded_to;

struct Sizes {
  index_t batch, rows, columns, padding, out_gap, x_gap;  // gaps behind each row
  index_t out_stride() const { return rows + padding + out_gap; }
  index_t x_stride() const { return columns + x_gap; }
  index_t out_count() const { return batch * columns * out_stride(); }
  index_t x_count() const { return batch * rows * x_stride(); }
};

template <typename T>
Results run(const Sizes& s, const std::vector<T>& x, index_t misalign) {
  CudaQueue queue;
  const DeviceArray<T> from(x, misalign);
  DeviceArray<T> out(s.out_count());
  transpose(queue, Transpose<T>{.out = out.data(),
                                .x = from.data(),
                                .batch = s.batch,
                                .rows = s.rows,
                                .columns = s.columns,
                                .out_batch = s.columns * s.out_stride(),
                                .x_batch = s.rows * s.x_stride(),
                                .out_stride = s.out_stride(),
                                .x_stride = s.x_stride(),
                                .padding = s.padding});
  return {{"out", out.values(queue)}};
}

class TransposeCuda : public test::CudaTestWith<Sizes> {
 protected:
  template <typename T>
  void check() {
    const Sizes s = GetParam();
    const auto x = rounded_to<T>(test::random_values<double>(s.x_count(), 1));
    for (const index_t misalign : {0, 1}) {
      const auto out = test::for_each_order([&] { return run<T>(s, x, misalign); }).at("out");
      for (index_t row = 0; row < s.batch * s.columns; ++row)
        for (index_t r = 0; r < s.out_stride(); ++r) {
          const double value = out[row * s.out_stride() + r];
          const index_t b = row / s.columns, c = row % s.columns;
          if (r < s.rows)
            ASSERT_EQ(value, static_cast<double>(x[(b * s.rows + r) * s.x_stride() + c]))
                << b << " " << c << " " << r;
          else if (r < s.rows + s.padding)
            ASSERT_EQ(value, 0) << b << " " << c << " " << r;
          else
            ASSERT_TRUE(std::isnan(value)) << "written between the rows";
        }
    }
  }
};

TEST_P(TransposeCuda, MovesEveryElementInFloat) { check<float>(); }
TEST_P(TransposeCuda, MovesEveryElementInHalf) { check<Half>(); }

// A half of the tokens, the first token alone and its way back, and sizes about those of a tile.
INSTANTIATE_TEST_SUITE_P(Shapes, TransposeCuda,
                         testing::Values(Sizes{2, 50, 64, 0, 50, 0}, Sizes{2, 64, 50, 0, 0, 50},
                                         Sizes{2, 64, 1, 0, 0, 99}, Sizes{2, 1, 64, 99, 0, 0},
                                         Sizes{1, 1, 1, 0, 0, 0}, Sizes{3, 33, 31, 1, 2, 3},
                                         Sizes{1, 32, 32, 0, 0, 0}));

class TransposeCudaEdges : public test::CudaTest {};

TEST_F(TransposeCudaEdges, MoreImagesThanAGridIsHigh) {
  const Sizes s{65'540, 1, 2, 0, 0, 0};
  const auto x = rounded_to<float>(test::random_values<double>(s.x_count(), 1));
  EXPECT_EQ(run<float>(s, x, 0).at("out"), test::to_double(x));
}

TEST_F(TransposeCudaEdges, NoImages) { EXPECT_TRUE(run<float>({0, 3, 4, 0, 0, 0}, {}, 0).at("out").empty()); }

}  // namespace
}  // namespace poster::kernels
