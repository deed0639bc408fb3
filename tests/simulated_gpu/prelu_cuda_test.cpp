// What the op suite (tests/ops/prelu.cpp) leaves.
#include "kernels/prelu/prelu.h"

#include <gtest/gtest.h>

#include "tests/support/cuda_ops.h"

namespace poster::kernels {
namespace {

using test::DeviceArray;

class PReluCudaEdges : public test::CudaTest {};

TEST_F(PReluCudaEdges, NaNAndInfinity) {
  const float infinity = std::numeric_limits<float>::infinity();
  std::vector<float> values(32, -0.5f);
  values[9] = std::numeric_limits<float>::quiet_NaN();
  values[10] = -infinity;
  values[11] = infinity;
  for (const bool with_slope : {false, true}) {
    CudaQueue queue;
    const DeviceArray<float> x(values), slope(std::vector<float>(8, 0.5f));
    DeviceArray<float> out(32);
    run(queue, PReluForward<float>{.y = out.data(),
                                   .x = x.data(),
                                   .slope = with_slope ? slope.data() : nullptr,
                                   .rows = 4,
                                   .channels = 8});
    const auto y = out.values(queue);
    for (int i = 0; i < 32; ++i) EXPECT_EQ(std::isnan(y[i]), i == 9) << i;
    EXPECT_EQ(y[10], with_slope ? -infinity : 0);
    EXPECT_EQ(y[11], infinity);
  }
}

}  // namespace
}  // namespace poster::kernels
