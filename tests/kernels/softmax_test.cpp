#include "kernels/softmax.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/buffers.h"
#include "tests/support/numeric_gradient.h"

namespace poster::kernels {
namespace {

using test::Output;
using test::random_values;

struct Sizes {
  index_t rows, columns;
  double scale;
};

std::ostream& operator<<(std::ostream& out, const Sizes& s) {
  return out << s.rows << " x " << s.columns << ", scale " << s.scale;
}

template <typename T>
std::vector<T> forward(CpuQueue& queue, const std::vector<T>& x, const Sizes& s) {
  Output<T> y(x.size());
  softmax_forward(queue,
                  SoftmaxForward<T>{
                      .y = y.data(), .x = x.data(), .rows = s.rows, .columns = s.columns, .scale = s.scale});
  return y.values();
}

template <typename T>
std::vector<T> backward(CpuQueue& queue, const std::vector<T>& dy, const std::vector<T>& y, const Sizes& s) {
  Output<T> dx(y.size());
  softmax_backward(queue, SoftmaxBackward<T>{.dx = dx.data(),
                                             .dy = dy.data(),
                                             .y = y.data(),
                                             .rows = s.rows,
                                             .columns = s.columns,
                                             .scale = s.scale});
  return dx.values();
}

class Softmax : public testing::TestWithParam<Sizes> {
 protected:
  index_t count() const { return GetParam().rows * GetParam().columns; }
};

TEST_P(Softmax, ForwardMatchesTheDefinition) {
  CpuQueue queue(2);
  const Sizes s = GetParam();
  auto x = random_values<double>(count(), 1, -3, 3);
  std::vector<double> expected(x.size());
  for (index_t row = 0; row < s.rows; ++row) {
    double sum = 0;
    for (index_t c = 0; c < s.columns; ++c) sum += std::exp(s.scale * x[row * s.columns + c]);
    for (index_t c = 0; c < s.columns; ++c)
      expected[row * s.columns + c] = std::exp(s.scale * x[row * s.columns + c]) / sum;
  }
  POSTER_EXPECT_CLOSE(forward(queue, x, s), expected, 1e-13);
  softmax_forward(queue,
                  SoftmaxForward<double>{
                      .y = x.data(), .x = x.data(), .rows = s.rows, .columns = s.columns, .scale = s.scale});
  POSTER_EXPECT_CLOSE(x, expected, 1e-13);
}

TEST_P(Softmax, GradientMatchesCentralDifferences) {
  CpuQueue queue(2);
  const Sizes s = GetParam();
  auto x = random_values<double>(count(), 1, -3, 3);
  auto dy = random_values<double>(count(), 2);
  const auto y = forward(queue, x, s), dx = backward(queue, dy, y, s);
  std::vector<std::size_t> elements;
  std::vector<double> chosen;
  for (std::size_t i = 0; i < x.size(); i += x.size() / 200 + 1) {
    elements.push_back(i);
    chosen.push_back(dx[i]);
  }
  const auto expected = test::numeric_gradient(
      x, [&] { return test::dot(dy, forward(queue, x, s)); }, elements);
  // One column alone is one whatever x is: there the difference is of zeros.
  EXPECT_LE(test::relative_error(chosen, expected, 1e-3), 1e-7);
  softmax_backward(queue, SoftmaxBackward<double>{.dx = dy.data(),
                                                  .dy = dy.data(),
                                                  .y = y.data(),
                                                  .rows = s.rows,
                                                  .columns = s.columns,
                                                  .scale = s.scale});
  EXPECT_EQ(dy, dx) << "in place";
}

TEST_P(Softmax, FloatAgreesWithDouble) {
  CpuQueue queue(2);
  const Sizes s = GetParam();
  const auto x = random_values<float>(count(), 1, -3, 3), dy = random_values<float>(count(), 2);
  const std::vector<double> xd(x.begin(), x.end()), dyd(dy.begin(), dy.end());
  const auto y = forward(queue, x, s);
  const auto yd = forward(queue, xd, s);
  POSTER_EXPECT_CLOSE(y, yd, 1e-6);
  EXPECT_LE(test::relative_error(backward(queue, dy, y, s), backward(queue, dyd, yd, s), 1e-3), 2e-6);
}

TEST_P(Softmax, SameBitsForAnyNumberOfThreads) {
  const Sizes s = GetParam();
  const auto x = random_values<float>(count(), 1, -3, 3), dy = random_values<float>(count(), 2);
  CpuQueue one(1);
  const auto y = forward(one, x, s), dx = backward(one, dy, y, s);
  for (int threads : {2, 3}) {
    CpuQueue queue(threads);
    EXPECT_EQ(forward(queue, x, s), y);
    EXPECT_EQ(backward(queue, dy, y, s), dx);
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, Softmax,
                         testing::Values(Sizes{1, 1, 1}, Sizes{3, 1, 1}, Sizes{1, 7, 0.5}, Sizes{71, 229, 1},
                                         Sizes{29, 541, 0.125}, Sizes{5, 8, -2}, Sizes{2000, 7, 1}));

TEST(SoftmaxExtremes, LargeValuesDoNotOverflow) {
  CpuQueue queue(1);
  const std::vector<float> x{80, -80, 300, -1000, 1000, 1000};
  EXPECT_EQ(forward(queue, x, {1, 6, 1}), (std::vector<float>{0, 0, 0, 0, 0.5f, 0.5f}));
  const std::vector<double> low{-1000, -1000};
  EXPECT_EQ(forward(queue, low, {1, 2, 1}), (std::vector<double>{0.5, 0.5}));
}

TEST(SoftmaxExtremes, NanStaysInItsRow) {
  CpuQueue queue(2);
  for (const index_t at : {0, 8, 16}) {
    auto x = random_values<float>(3 * 17, 1);
    x[17 + at] = std::numeric_limits<float>::quiet_NaN();
    const auto y = forward(queue, x, {3, 17, 1});
    for (index_t i = 0; i < 3 * 17; ++i) ASSERT_EQ(std::isnan(y[i]), i / 17 == 1) << i;
  }
}

}  // namespace
}  // namespace poster::kernels
