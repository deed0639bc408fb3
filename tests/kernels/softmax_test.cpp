// What the op suite can't say: exact values, infinities, and a row with nothing left.
#include "kernels/softmax/softmax.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/buffers.h"

namespace poster::kernels {
namespace {

using Floats = std::vector<float>;
using Bytes = std::vector<std::uint8_t>;

Floats softmax(index_t rows, const Floats& x, const Floats& bias = {}, const Bytes& mask = {}) {
  CpuQueue queue(2);
  test::Output<float> y(static_cast<index_t>(x.size()));
  run(queue, SoftmaxForward<float>{.y = y.data(),
                                   .x = x.data(),
                                   .bias = bias.empty() ? nullptr : bias.data(),
                                   .mask = mask.empty() ? nullptr : mask.data(),
                                   .rows = rows,
                                   .columns = static_cast<index_t>(x.size()) / rows});
  return y.values();
}

// The bias counts where it alone decides, and nothing that the mask leaves out does, whatever it is.
TEST(Softmax, BiasAndMaskDecide) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(
      softmax(2, {0, 0, 0, 0, 2000, 1, 1, -infinity}, {-1000, 0, 0, -infinity}, {1, 1, 1, 1, 0, 1, 1, 1}),
      (Floats{0, 0.5f, 0.5f, 0, 0, 0.5f, 0.5f, 0}));
}

TEST(Softmax, NaNAndARowWithNothingLeftStayInTheirRow) {
  for (const index_t at : {0, 8, 16}) {
    auto x = test::random_values<float>(4 * 17, 1);
    x[17 + at] = std::numeric_limits<float>::quiet_NaN();
    Bytes mask(4 * 17, 1);
    for (index_t i = 2 * 17; i < 3 * 17; ++i) mask[i] = 0;
    for (const bool masked : {false, true}) {
      const Floats y = softmax(4, x, {}, masked ? mask : Bytes());
      for (index_t i = 0; i < 4 * 17; ++i)
        ASSERT_EQ(std::isnan(y[i]), i / 17 == 1 || (masked && i / 17 == 2)) << i;
    }
  }
}

TEST(Softmax, LargeValuesDoNotOverflow) {
  EXPECT_EQ(softmax(1, {80, -80, 300, -1000, 1000, 1000}), (Floats{0, 0, 0, 0, 0.5f, 0.5f}));
  EXPECT_EQ(softmax(1, {-1000, -1000}), (Floats{0.5f, 0.5f}));
}

}  // namespace
}  // namespace poster::kernels
