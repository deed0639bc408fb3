// What the op suite (tests/ops/batch_norm.cpp) leaves.
#include "kernels/batch_norm/batch_norm.h"

#include <gtest/gtest.h>

#include "tests/support/buffers.h"

namespace poster::kernels {
namespace {

TEST(BatchNorm, ANaNReachesAllGradientsOfItsChannelAlone) {
  CpuQueue queue(2);
  constexpr index_t kRows = 50, kChannels = 5, kCount = kRows * kChannels;
  auto x = test::random_values<float>(kCount, 1);
  x[7 * kChannels + 2] = std::numeric_limits<float>::quiet_NaN();
  const auto dy = test::random_values<float>(kCount, 2), slope = test::random_values<float>(kChannels, 3),
             gamma = test::random_values<float>(kChannels, 4),
             beta = test::random_values<float>(kChannels, 5);
  std::vector<float> running_mean(kChannels, 0), running_var(kChannels, 1);
  test::Output<float> y(kCount), dx(kCount), mean(kChannels), rstd(kChannels), dgamma(kChannels),
      dbeta(kChannels), dslope(kChannels);
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
                                          .channels = kChannels});
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
                                      .channels = kChannels});
  for (index_t i = 0; i < kCount; ++i) {
    EXPECT_EQ(std::isnan(y.values()[i]), i % kChannels == 2) << i;
    EXPECT_EQ(std::isnan(dx.values()[i]), i % kChannels == 2) << i;
  }
}

}  // namespace
}  // namespace poster::kernels
