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
  test::Output<double> y_mean(kChannels), y_squares(kChannels);
  run(queue, BatchNormForwardTrain<float>{.y = y.data(),
                                          .mean = mean.data(),
                                          .rstd = rstd.data(),
                                          .running_mean = running_mean.data(),
                                          .running_var = running_var.data(),
                                          .x = x.data(),
                                          .gamma = gamma.data(),
                                          .beta = beta.data(),
                                          .slope = slope.data(),
                                          .y_mean = y_mean.data(),
                                          .y_squares = y_squares.data(),
                                          .rows = kRows,
                                          .channels = kChannels});
  for (index_t c = 0; c < kChannels; ++c) {
    EXPECT_EQ(std::isnan(y_mean.values()[c]), c == 2) << c;
    EXPECT_EQ(std::isnan(y_squares.values()[c]), c == 2) << c;
  }
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

// A norm that takes the moments from the one before gives the bits of one that sums them itself.
TEST(BatchNorm, MomentsOfTheNormBeforeGiveTheSameBits) {
  CpuQueue queue(2);
  constexpr index_t kRows = 1000, kChannels = 37, kCount = kRows * kChannels;
  const auto x = test::random_values<float>(kCount, 1),
             residual = test::random_values<float>(kCount, 2, 9, 10),
             gamma = test::random_values<float>(kChannels, 3),
             beta = test::random_values<float>(kChannels, 4);
  struct Norm {
    test::Output<float> y{kCount}, mean{kChannels}, rstd{kChannels};
    std::vector<float> running_mean = std::vector<float>(kChannels, 0);
    std::vector<float> running_var = std::vector<float>(kChannels, 1);
  } first, by_sums, by_moments;
  test::Output<double> y_mean(kChannels), y_squares(kChannels);
  const auto train = [&](Norm& norm, const float* of, bool begins) {
    run(queue, BatchNormForwardTrain<float>{.y = norm.y.data(),
                                            .mean = norm.mean.data(),
                                            .rstd = norm.rstd.data(),
                                            .running_mean = norm.running_mean.data(),
                                            .running_var = norm.running_var.data(),
                                            .x = of,
                                            .gamma = gamma.data(),
                                            .beta = beta.data(),
                                            .residual = begins ? residual.data() : nullptr,
                                            .y_mean = begins ? y_mean.data() : nullptr,
                                            .y_squares = begins ? y_squares.data() : nullptr,
                                            .rows = kRows,
                                            .channels = kChannels,
                                            .updates = 2});
  };
  train(first, x.data(), true);
  train(by_sums, first.y.data(), false);
  run(queue, BatchNormForwardMoments<float>{.y = by_moments.y.data(),
                                            .mean = by_moments.mean.data(),
                                            .rstd = by_moments.rstd.data(),
                                            .running_mean = by_moments.running_mean.data(),
                                            .running_var = by_moments.running_var.data(),
                                            .x = first.y.data(),
                                            .x_mean = y_mean.data(),
                                            .x_squares = y_squares.data(),
                                            .gamma = gamma.data(),
                                            .beta = beta.data(),
                                            .rows = kRows,
                                            .channels = kChannels,
                                            .updates = 2});
  EXPECT_EQ(by_moments.y.values(), by_sums.y.values());
  EXPECT_EQ(by_moments.mean.values(), by_sums.mean.values());
  EXPECT_EQ(by_moments.rstd.values(), by_sums.rstd.values());
  EXPECT_EQ(by_moments.running_mean, by_sums.running_mean);
  EXPECT_EQ(by_moments.running_var, by_sums.running_var);
}

}  // namespace
}  // namespace poster::kernels
