#include "kernels/cast/cast.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/buffers.h"
#include "tests/support/cuda_ops.h"

namespace poster::kernels {
namespace {

using test::DeviceArray;
using test::Results;
using test::rounded_to;
using test::to_double;

// Numbers of every size that Half has, ties, and what lies beyond.
std::vector<double> values_of_all_sizes(index_t count) {
  auto values = test::random_values<double>(count, 1);
  for (index_t i = 0; i < count; ++i) values[i] = std::ldexp(values[i], static_cast<int>(i % 48) - 28);
  const std::vector<double> special = {1 + 0x1p-11, 1 + 0x3p-11, 65519, 65520, -1e9, 0x1p-25, 0x3p-25, -0.0};
  for (index_t i = 0; i < count && i < std::ssize(special); ++i) values[count - 1 - i] = special[i];
  return values;
}

template <typename T>
Results run(const std::vector<float>& x, index_t misalign_y = 0, index_t misalign_x = 0) {
  CudaQueue queue;
  const auto count = static_cast<index_t>(x.size());
  const DeviceArray<float> from(x, misalign_x);
  DeviceArray<T> to(count, misalign_y);
  cast(queue, Cast<T>{.y = to.data(), .x = from.data(), .count = count});
  return {{"y", to.values(queue)}};
}

class CastCuda : public test::CudaTestWith<index_t> {
 protected:
  template <typename T>
  void expect_rounded_values() {
    const auto x = rounded_to<float>(values_of_all_sizes(GetParam()));
    const auto expected = to_double(rounded_to<T>(to_double(x)));
    EXPECT_EQ(test::for_each_order([&] { return run<T>(x); }).at("y"), expected);
    EXPECT_EQ(run<T>(x, 1, 0).at("y"), expected);
    EXPECT_EQ(run<T>(x, 0, 2).at("y"), expected);
  }
};

TEST_P(CastCuda, RoundsToHalf) { expect_rounded_values<Half>(); }
TEST_P(CastCuda, CopiesFloats) { expect_rounded_values<float>(); }

INSTANTIATE_TEST_SUITE_P(Counts, CastCuda, testing::Values(1, 3, 4, 9, 1023, 4100));

class CastCudaEdges : public test::CudaTest {};

TEST_F(CastCudaEdges, MoreThanTheGridTakesAtOnce) {
  const auto x = rounded_to<float>(values_of_all_sizes(1'090'003));
  EXPECT_EQ(run<Half>(x).at("y"), to_double(rounded_to<Half>(to_double(x))));
}

TEST_F(CastCudaEdges, NaNAndInfinityComeThrough) {
  const auto y =
      run<Half>({1, std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity(), 2, 3})
          .at("y");
  EXPECT_EQ(y[0], 1);
  EXPECT_TRUE(std::isnan(y[1]));
  EXPECT_EQ(y[2], -std::numeric_limits<double>::infinity());
  EXPECT_EQ(y[4], 3);
}

TEST_F(CastCudaEdges, NothingToDo) { EXPECT_TRUE(run<Half>({}).at("y").empty()); }

}  // namespace
}  // namespace poster::kernels
