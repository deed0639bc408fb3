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
    DeviceArray<double> y_mean(channels), y_squares(channels);
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
                                            .channels = channels});
    const auto means = y_mean.values(queue), squares = y_squares.values(queue);
    for (index_t c = 0; c < channels; ++c) {
      EXPECT_EQ(std::isnan(means[c]), c == 2) << c;
      EXPECT_EQ(std::isnan(squares[c]), c == 2) << c;
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
                                        .channels = channels});
    const auto y_values = y.values(queue), dx_values = dx.values(queue);
    for (index_t i = 0; i < count; ++i) {
      EXPECT_EQ(std::isnan(y_values[i]), i % channels == 2) << i;
      EXPECT_EQ(std::isnan(dx_values[i]), i % channels == 2) << i;
    }
  }
}

// y's moments are those of the rounded values that the next norm reads, also where they lie far from 0.
TEST_F(BatchNormCudaEdges, MomentsAreThoseOfWhatMemoryHolds) {
  struct Sizes {
    index_t rows, channels;
  };
  for (const auto& [rows, channels] : {Sizes{1500, 64}, Sizes{2125, 24}, Sizes{333, 5}, Sizes{3, 8}}) {
    CudaQueue queue;
    const auto narrow = [](const std::vector<float>& values) {
      return std::vector<Half>(values.begin(), values.end());
    };
    const DeviceArray<Half> x(narrow(random_values<float>(rows * channels, 1))),
        residual(narrow(random_values<float>(rows * channels, 2, 40, 42)));
    const DeviceArray<float> gamma(random_values<float>(channels, 3)),
        beta(random_values<float>(channels, 4));
    DeviceArray<float> running_mean(std::vector<float>(channels, 0)),
        running_var(std::vector<float>(channels, 1)), mean(channels), rstd(channels);
    DeviceArray<Half> y(rows * channels);
    DeviceArray<double> y_mean(channels), y_squares(channels);
    run(queue, BatchNormForwardTrain<Half>{.y = y.data(),
                                           .mean = mean.data(),
                                           .rstd = rstd.data(),
                                           .running_mean = running_mean.data(),
                                           .running_var = running_var.data(),
                                           .x = x.data(),
                                           .gamma = gamma.data(),
                                           .beta = beta.data(),
                                           .residual = residual.data(),
                                           .y_mean = y_mean.data(),
                                           .y_squares = y_squares.data(),
                                           .rows = rows,
                                           .channels = channels});
    const auto values = y.values(queue);
    const auto means = y_mean.values(queue), squares = y_squares.values(queue);
    for (index_t c = 0; c < channels; ++c) {
      double expected_mean = 0, expected = 0;
      for (index_t r = 0; r < rows; ++r)
        expected_mean += static_cast<float>(values[r * channels + c]) / static_cast<double>(rows);
      for (index_t r = 0; r < rows; ++r)
        expected += std::pow(static_cast<float>(values[r * channels + c]) - expected_mean, 2);
      EXPECT_NEAR(means[c], expected_mean, 1e-6 * 41) << c;
      EXPECT_NEAR(squares[c], expected, 1e-5 * expected) << c;
    }
  }
}

}  // namespace
}  // namespace poster::kernels
