#include "kernels/gelu/gelu.h"

#include <gtest/gtest.h>

#include "tests/support/buffers.h"
#include "tests/support/numeric_gradient.h"
#include "tests/support/threads.h"

namespace poster::kernels {
namespace {

using test::Output;
using test::random_values;
using test::to_double;

// Errors are relative to the largest value, and to no less than this: alone far in the tail, a value has no
// neighbours to be measured by.
constexpr double kScale = 0.1;

// With a bias, it is as long as a row.
template <typename T>
std::vector<T> forward(CpuQueue& queue, const std::vector<T>& x, const std::vector<T>& bias = {}) {
  Output<T> y(x.size());
  gelu_forward(queue, GeluForward<T>{.y = y.data(),
                                     .x = x.data(),
                                     .bias = bias.empty() ? nullptr : bias.data(),
                                     .count = y.size(),
                                     .columns = static_cast<index_t>(bias.size())});
  return y.values();
}

template <typename T>
std::vector<T> backward(CpuQueue& queue, const std::vector<T>& dy, const std::vector<T>& x,
                        const std::vector<T>& bias = {}) {
  Output<T> dx(x.size());
  gelu_backward(queue, GeluBackward<T>{.dx = dx.data(),
                                       .dy = dy.data(),
                                       .x = x.data(),
                                       .bias = bias.empty() ? nullptr : bias.data(),
                                       .count = dx.size(),
                                       .columns = static_cast<index_t>(bias.size())});
  return dx.values();
}

class Gelu : public testing::TestWithParam<index_t> {
 protected:
  CpuQueue queue_{2};
};

TEST_P(Gelu, FollowsTheFormula) {
  const auto x = random_values<double>(GetParam(), 1, -4, 4);
  std::vector<double> expected;
  for (double v : x) expected.push_back(v * (1 + std::erf(v / std::sqrt(2.0))) / 2);
  EXPECT_LE(test::relative_error(forward(queue_, x), expected, kScale), 1e-14);
}

TEST_P(Gelu, GradientMatchesCentralDifferences) {
  auto x = random_values<double>(GetParam(), 1, -3, 3);
  const auto dy = random_values<double>(GetParam(), 2);
  const auto elements = test::spread_elements(x.size(), 100);
  const auto numeric = test::numeric_gradient(
      x, [&] { return test::dot(dy, forward(queue_, x)); }, elements);
  POSTER_EXPECT_CLOSE(test::picked(backward(queue_, dy, x), elements), numeric, 1e-7);
}

TEST_P(Gelu, FloatAgreesWithDouble) {
  const auto x = random_values<float>(GetParam(), 1, -8, 8), dy = random_values<float>(GetParam(), 2);
  EXPECT_LE(test::relative_error(forward(queue_, x), forward(queue_, to_double(x)), kScale), 5e-7);
  EXPECT_LE(
      test::relative_error(backward(queue_, dy, x), backward(queue_, to_double(dy), to_double(x)), kScale),
      5e-7);
}

INSTANTIATE_TEST_SUITE_P(Sizes, Gelu, testing::Values(1, 7, 71, 3072, 40'001));

struct BiasSizes {
  index_t rows, columns;
};

std::ostream& operator<<(std::ostream& out, const BiasSizes& s) {
  return out << s.rows << " x " << s.columns;
}

class GeluBias : public testing::TestWithParam<BiasSizes> {
 protected:
  index_t count() const { return GetParam().rows * GetParam().columns; }
  CpuQueue queue_{2};
};

TEST_P(GeluBias, IsAddedToEachRow) {
  const auto x = random_values<double>(count(), 1, -3, 3);
  const auto bias = random_values<double>(GetParam().columns, 2, -2, 2);
  std::vector<double> expected;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double u = x[i] + bias[i % bias.size()];
    expected.push_back(u * (1 + std::erf(u / std::sqrt(2.0))) / 2);
  }
  EXPECT_LE(test::relative_error(forward(queue_, x, bias), expected, kScale), 1e-14);
}

TEST_P(GeluBias, GradientMatchesCentralDifferences) {
  auto x = random_values<double>(count(), 1, -3, 3);
  const auto bias = random_values<double>(GetParam().columns, 2, -2, 2),
             dy = random_values<double>(count(), 3);
  const auto elements = test::spread_elements(x.size(), 50);
  const auto numeric = test::numeric_gradient(
      x, [&] { return test::dot(dy, forward(queue_, x, bias)); }, elements);
  POSTER_EXPECT_CLOSE(test::picked(backward(queue_, dy, x, bias), elements), numeric, 1e-7);
}

TEST_P(GeluBias, FloatAgreesWithDouble) {
  const auto x = random_values<float>(count(), 1, -6, 6), dy = random_values<float>(count(), 2);
  const auto bias = random_values<float>(GetParam().columns, 3, -2, 2);
  const auto xd = to_double(x), dyd = to_double(dy), bias_d = to_double(bias);
  EXPECT_LE(test::relative_error(forward(queue_, x, bias), forward(queue_, xd, bias_d), kScale), 5e-7);
  EXPECT_LE(test::relative_error(backward(queue_, dy, x, bias), backward(queue_, dyd, xd, bias_d), kScale),
            5e-7);
}

TEST_P(GeluBias, InPlaceAndForAnyNumberOfThreadsTheSame) {
  const auto x = random_values<float>(count(), 1, -3, 3), dy = random_values<float>(count(), 2);
  const auto bias = random_values<float>(GetParam().columns, 3, -2, 2);
  test::expect_same_for_any_threads([&](CpuQueue& queue) {
    return test::concatenate<float>({forward(queue, x, bias), backward(queue, dy, x, bias)});
  });
  auto y = x, dx = dy;
  gelu_forward(queue_, GeluForward<float>{.y = y.data(),
                                          .x = y.data(),
                                          .bias = bias.data(),
                                          .count = count(),
                                          .columns = GetParam().columns});
  gelu_backward(queue_, GeluBackward<float>{.dx = dx.data(),
                                            .dy = dx.data(),
                                            .x = x.data(),
                                            .bias = bias.data(),
                                            .count = count(),
                                            .columns = GetParam().columns});
  EXPECT_EQ(y, forward(queue_, x, bias));
  EXPECT_EQ(dx, backward(queue_, dy, x, bias));
}

// Some are longer than a task of the kernel, in rows that no task ends with.
INSTANTIATE_TEST_SUITE_P(Sizes, GeluBias,
                         testing::Values(BiasSizes{1, 1}, BiasSizes{3, 1}, BiasSizes{1, 7}, BiasSizes{13, 71},
                                         BiasSizes{11, 3072}, BiasSizes{2, 20'001}));

// Against the largest value of each stretch, not of the whole line.
TEST(GeluFloat, IsAccurateOnEachStretch) {
  CpuQueue queue(2);
  for (double low = -10; low < 10; low += 0.5) {
    std::vector<float> x(20'001), dy(20'001, 1.0f);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(low + 0.5 * i / x.size());
    EXPECT_LE(test::relative_error(forward(queue, x), forward(queue, to_double(x)), kScale), 1e-6) << low;
    EXPECT_LE(
        test::relative_error(backward(queue, dy, x), backward(queue, to_double(dy), to_double(x)), kScale),
        1e-6)
        << low;
  }
}

TEST(GeluFloat, FarOutAndNaN) {
  CpuQueue queue(2);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> x = {-1000, 1000, nan, 1};
  const auto y = forward(queue, x), dx = backward(queue, {1, 1, 1, nan}, x);
  EXPECT_EQ(y[0], 0);
  EXPECT_EQ(y[1], 1000);
  EXPECT_TRUE(std::isnan(y[2]));
  EXPECT_EQ(dx[0], 0);
  EXPECT_EQ(dx[1], 1);
  EXPECT_TRUE(std::isnan(dx[2]));
  EXPECT_TRUE(std::isnan(dx[3]));
}

TEST(GeluFloat, OutputsMayBeInputs) {
  CpuQueue queue(2);
  const auto x = random_values<float>(20'001, 1, -3, 3), dy = random_values<float>(20'001, 2);
  auto y = x, dx = dy;
  gelu_forward(queue, GeluForward<float>{.y = y.data(), .x = y.data(), .count = 20'001});
  gelu_backward(queue, GeluBackward<float>{.dx = dx.data(), .dy = dx.data(), .x = x.data(), .count = 20'001});
  EXPECT_EQ(y, forward(queue, x));
  EXPECT_EQ(dx, backward(queue, dy, x));
}

TEST(GeluFloat, SameForAnyNumberOfThreads) {
  const auto x = random_values<float>(50'001, 1, -3, 3), dy = random_values<float>(50'001, 2);
  test::expect_same_for_any_threads([&](CpuQueue& queue) {
    return test::concatenate<float>({forward(queue, x), backward(queue, dy, x)});
  });
}

}  // namespace
}  // namespace poster::kernels
