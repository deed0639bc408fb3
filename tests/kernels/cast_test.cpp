#include "kernels/cast/cast.h"

#include <gtest/gtest.h>

#include "tests/support/buffers.h"

namespace poster::kernels {
namespace {

template <typename T>
void expect_copy(index_t count, int threads) {
  CpuQueue queue(threads);
  auto x = test::random_values<T>(count, 1);
  x[0] = static_cast<T>(-0.0);
  x[static_cast<std::size_t>(count) / 2] = std::numeric_limits<T>::infinity();
  test::Output<T> y(count);
  cast(queue, Cast<T>{.y = y.data(), .x = x.data(), .count = count});
  EXPECT_EQ(y.values(), x);
}

// On the CPU nothing is narrower than the accumulate type: every value comes over as it is.
TEST(Cast, CopiesEveryValue) {
  for (const index_t count : {1, 7, 16384, 40'003})
    for (const int threads : {1, 3}) {
      expect_copy<float>(count, threads);
      expect_copy<double>(count, threads);
    }
}

TEST(Cast, NaNComesThrough) {
  CpuQueue queue(1);
  const std::vector<float> x = {1, std::numeric_limits<float>::quiet_NaN(), 2};
  std::vector<float> y(3);
  cast(queue, Cast<float>{.y = y.data(), .x = x.data(), .count = 3});
  EXPECT_EQ(y[0], 1);
  EXPECT_TRUE(std::isnan(y[1]));
  EXPECT_EQ(y[2], 2);
}

}  // namespace
}  // namespace poster::kernels
