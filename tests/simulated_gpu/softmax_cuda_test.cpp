// What the op suite can't say: exact values, infinities, and a row with nothing left.
#include "kernels/softmax/softmax.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/buffers.h"
#include "tests/support/cuda_ops.h"

namespace poster::kernels {
namespace {

using test::DeviceArray;
using Floats = std::vector<float>;
using Bytes = std::vector<std::uint8_t>;

std::vector<double> softmax(index_t rows, const Floats& x, const Floats& bias = {}, const Bytes& mask = {}) {
  CudaQueue queue;
  const DeviceArray<float> on_device(x), bias_there(bias);
  const DeviceArray<std::uint8_t> mask_there(mask);
  DeviceArray<float> y(static_cast<index_t>(x.size()));
  run(queue, SoftmaxForward<float>{.y = y.data(),
                                   .x = on_device.data(),
                                   .bias = bias.empty() ? nullptr : bias_there.data(),
                                   .mask = mask.empty() ? nullptr : mask_there.data(),
                                   .rows = rows,
                                   .columns = static_cast<index_t>(x.size()) / rows});
  return y.values(queue);
}

class SoftmaxCuda : public test::CudaTest {};

TEST_F(SoftmaxCuda, LargeValuesDoNotOverflow) {
  EXPECT_EQ(softmax(1, {80, -80, 300, -1000, 1000, 1000}), (std::vector<double>{0, 0, 0, 0, 0.5, 0.5}));
}

TEST_F(SoftmaxCuda, BiasAndMaskDecide) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(
      softmax(2, {0, 0, 0, 0, 2000, 1, 1, -infinity}, {-1000, 0, 0, -infinity}, {1, 1, 1, 1, 0, 1, 1, 1}),
      (std::vector<double>{0, 0.5, 0.5, 0, 0, 0.5, 0.5, 0}));
}

// In each way of splitting a row, and in rows longer than those hold.
TEST_F(SoftmaxCuda, NaNAndARowWithNothingLeftStayInTheirRow) {
  for (const index_t columns : {16, 17, 1050}) {
    auto x = test::random_values<float>(5 * columns, 1, -6, 6);
    x[columns + 5] = std::numeric_limits<float>::quiet_NaN();
    Bytes mask(5 * columns, 1);
    for (index_t i = 0; i < 5 * columns; ++i) mask[i] = i / columns != 3 && (i % 3 != 0 || i == columns + 5);
    const auto y = softmax(5, x, {}, mask);
    for (index_t i = 0; i < 5 * columns; ++i)
      ASSERT_EQ(std::isnan(y[i]), i / columns == 1 || i / columns == 3) << i;
  }
}

}  // namespace
}  // namespace poster::kernels
