// The kernels that do what cuBLASLt and cuDNN leave undone.
#include <gtest/gtest.h>

#include "kernels/conv2d/widen.h"
#include "kernels/matmul/bias_rows.h"
#include "tests/support/buffers.h"
#include "tests/support/cuda_ops.h"

namespace poster::kernels {
namespace {

using test::close;
using test::DeviceArray;
using test::random_values;
using test::Results;
using test::rounded_to;
using test::to_double;

struct BiasSizes {
  index_t rows, columns, gap;
};

class BiasRowsCuda : public test::CudaTestWith<BiasSizes> {
 protected:
  template <typename T, typename B>
  void expect_sums() {
    const auto [rows, columns, gap] = GetParam();
    const index_t stride = columns + gap;
    const auto before = rounded_to<T>(random_values<double>(rows * stride, 1));
    const auto bias = rounded_to<B>(random_values<double>(columns, 2));
    for (const bool add : {false, true})
      for (const bool with_bias : {false, true})
        for (const index_t misalign : {0, 1}) {
          std::vector<double> expected = to_double(before);
          for (index_t r = 0; r < rows; ++r)
            for (index_t c = 0; c < columns; ++c) {
              double& value = expected[r * stride + c];
              value = (add ? value : 0) + (with_bias ? static_cast<double>(bias[c]) : 0);
            }
          const Results results = test::for_each_order([&]() -> Results {
            CudaQueue queue;
            std::vector<T> start = before;
            for (index_t r = 0; r < rows && !add; ++r)
              for (index_t c = 0; c < columns; ++c) start[r * stride + c] = static_cast<T>(std::nanf(""));
            DeviceArray<T> y(start, misalign);
            const DeviceArray<B> b(bias, misalign);
            bias_rows(queue, BiasRows<T, B>{.y = y.data(),
                                            .bias = with_bias ? b.data() : nullptr,
                                            .rows = rows,
                                            .columns = columns,
                                            .y_stride = stride,
                                            .add = add});
            return {{"y", y.values(queue)}};
          });
          EXPECT_TRUE(close<T>(results.at("y"), expected, 1e-7));
        }
  }
};

TEST_P(BiasRowsCuda, Float) { expect_sums<float, float>(); }
TEST_P(BiasRowsCuda, Half) { expect_sums<Half, Half>(); }
TEST_P(BiasRowsCuda, HalfBiasOfFloats) { expect_sums<float, Half>(); }

INSTANTIATE_TEST_SUITE_P(Sizes, BiasRowsCuda,
                         testing::Values(BiasSizes{1, 1, 0}, BiasSizes{3, 5, 2}, BiasSizes{0, 8, 0},
                                         BiasSizes{50, 64, 0}, BiasSizes{7, 24, 8}, BiasSizes{7, 24, 4},
                                         BiasSizes{7, 24, 1}, BiasSizes{1, 1000, 0}));

class WidenCuda : public test::CudaTestWith<index_t> {};

TEST_P(WidenCuda, IsExact) {
  const auto x = rounded_to<Half>(random_values<double>(GetParam(), 1, -70000, 70000));
  for (const index_t misalign : {0, 1}) {
    const Results results = test::for_each_order([&]() -> Results {
      CudaQueue queue;
      const DeviceArray<Half> from(x, misalign);
      DeviceArray<float> y(GetParam());
      widen(queue, {.y = y.data(), .x = from.data(), .count = GetParam()});
      return {{"y", y.values(queue)}};
    });
    EXPECT_EQ(results.at("y"), to_double(x));
  }
}

INSTANTIATE_TEST_SUITE_P(Counts, WidenCuda, testing::Values(0, 1, 7, 8, 9, 255, 2047, 2048, 5003));

}  // namespace
}  // namespace poster::kernels
