// What the op suite (tests/ops/prelu.cpp) leaves.
#include "kernels/prelu/prelu.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace poster::kernels {
namespace {

TEST(PRelu, ANaNComesThroughWhereItCounts) {
  CpuQueue queue(2);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> x = {0, nan, 1, -1}, dy = {2, 2, nan, nan}, slope = {0.25f, 0.5f, 0.5f, 0.5f};
  std::vector<float> dx(4), dslope(4);
  run(queue, PReluBackward<float>{.dx = dx.data(),
                                  .dslope = dslope.data(),
                                  .dy = dy.data(),
                                  .x = x.data(),
                                  .slope = slope.data(),
                                  .rows = 1,
                                  .channels = 4});
  EXPECT_TRUE(std::isnan(dslope[1]));
}

}  // namespace
}  // namespace poster::kernels
