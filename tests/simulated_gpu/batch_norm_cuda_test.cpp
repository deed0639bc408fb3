// What the op suite (tests/ops/batch_norm.cpp) leaves.
#include "kernels/batch_norm/batch_norm.h"

#include <gtest/gtest.h>

#include "tests/support/buffers.h"
#include "tests/support/cuda_ops.h"

namespace poster::kernels {
namespace {

using test::DeviceArray;
using test::random_values;

class BatchNormCudaEdges : public test::CudaTest {};

TEST_F(BatchNormCudaEdges, ANaNReachesAllGradientsOfItsChannelAlone) {
  constexpr index_t kRows = 50;
  for (const index_t channels : {5, 8}) {
    const index_t count = kRows * channels;
    auto values = random_values<float>(count, 1);
    values[7 * channels + 2] = std::numeric_limits<float>::quiet_NaN();
    CudaQueue queue;
    const DeviceArray<float> x(values), dy(random_values<float>(count, 2)),
        slope(random_values<float>(channels, 3)), gamma(random_values<float>(channels, 4)),
        beta(random_values<float>(channels, 5));
    DeviceArray<float> running_mean(std::vector<float>(channels, 0)),
        running_var(std::vector<float>(channels, 1));
    DeviceArray<float> y(count), dx(count), mean(channels), rstd(channels), dgamma(channels), dbeta(channels),
        dslope(channels);
    run(queue, BatchNormForwardTrain<float>{.y = y.data(),
                                            .mean = mean.data(),
                                            .rstd = rstd.data(),
                                            .running_mean = running_mean.data(),
                                            .running_var = running_var.data(),
                                            .x = x.data(),
                                            .gamma = gamma.data(),
                                            .beta = beta.data(),
                                            .slope = slope.data(),
                                            .rows = kRows,
                                            .channels = channels});
    run(queue, BatchNormBackward<float>{.dx = dx.data(),
                                        .dgamma = dgamma.data(),
                                        .dbeta = dbeta.data(),
                                        .dslope = dslope.data(),
                                        .dy = dy.data(),
                                        .x = x.data(),
                                        .mean = mean.data(),
                                        .rstd = rstd.data(),
                                        .gamma = gamma.data(),
                                        .beta = beta.data(),
                                        .slope = slope.data(),
                                        .rows = kRows,
                                        .channels = channels});
    const auto y_values = y.values(queue), dx_values = dx.values(queue);
    for (index_t i = 0; i < count; ++i) {
      EXPECT_EQ(std::isnan(y_values[i]), i % channels == 2) << i;
      EXPECT_EQ(std::isnan(dx_values[i]), i % channels == 2) << i;
    }
  }
}

}  // namespace
}  // namespace poster::kernels
