#include "kernels/softmax/softmax.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/support/buffers.h"
#include "tests/support/numeric_gradient.h"
#include "tests/support/threads.h"

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

struct Options {
  Sizes sizes;
  index_t bias_rows;  // 0: no bias
  bool mask;
};

std::ostream& operator<<(std::ostream& out, const Options& o) {
  return out << o.sizes << ", " << o.bias_rows << " rows of bias" << (o.mask ? ", mask" : "");
}

class SoftmaxOptions : public testing::TestWithParam<Options> {
 protected:
  // Leaves out about a third, and never a whole row.
  SoftmaxOptions() {
    if (!GetParam().mask) return;
    const auto chance = random_values<double>(count(), 3, 0, 1);
    for (index_t i = 0; i < count(); ++i) {
      const index_t row = i / sizes().columns, column = i % sizes().columns;
      mask_.push_back(chance[i] < 0.33 && column != row % sizes().columns ? 0 : 1 + i % 255);
    }
  }
  const Sizes& sizes() const { return GetParam().sizes; }
  index_t count() const { return sizes().rows * sizes().columns; }
  template <typename T>
  std::vector<T> bias() const {
    return random_values<T>(GetParam().bias_rows * sizes().columns, 2, -2, 2);
  }

  template <typename T>
  void forward(T* y, const T* x, const std::vector<T>& bias) {
    softmax_forward(queue_, SoftmaxForward<T>{.y = y,
                                              .x = x,
                                              .bias = bias.empty() ? nullptr : bias.data(),
                                              .mask = mask_.empty() ? nullptr : mask_.data(),
                                              .rows = sizes().rows,
                                              .columns = sizes().columns,
                                              .bias_rows = std::max<index_t>(1, GetParam().bias_rows),
                                              .scale = sizes().scale});
  }
  template <typename T>
  std::vector<T> forward(const std::vector<T>& x, const std::vector<T>& bias) {
    Output<T> y(x.size());
    forward(y.data(), x.data(), bias);
    return y.values();
  }

  CpuQueue queue_{2};
  std::vector<std::uint8_t> mask_;
};

TEST_P(SoftmaxOptions, FollowTheDefinition) {
  auto x = random_values<double>(count(), 1, -3, 3);
  const auto bias = this->bias<double>();
  std::vector<double> expected(x.size());
  for (index_t row = 0; row < sizes().rows; ++row) {
    double sum = 0;
    for (index_t c = 0; c < sizes().columns; ++c) {
      const index_t i = row * sizes().columns + c;
      double s = sizes().scale * x[i];
      if (!bias.empty()) s += bias[row % GetParam().bias_rows * sizes().columns + c];
      expected[i] = mask_.empty() || mask_[i] ? std::exp(s) : 0;
      sum += expected[i];
    }
    for (index_t c = 0; c < sizes().columns; ++c) expected[row * sizes().columns + c] /= sum;
  }
  const auto y = forward(x, bias);
  POSTER_EXPECT_CLOSE(y, expected, 1e-13);
  for (std::size_t i = 0; i < mask_.size(); ++i) EXPECT_TRUE(mask_[i] || y[i] == 0) << i;
  forward(x.data(), x.data(), bias);
  EXPECT_EQ(x, y) << "in place";
}

// That of the bias too, by the header's formula.
TEST_P(SoftmaxOptions, GradientsMatchCentralDifferences) {
  auto x = random_values<double>(count(), 1, -3, 3);
  auto bias = this->bias<double>();
  const auto dy = random_values<double>(count(), 4);
  const auto dx = poster::kernels::backward(queue_, dy, forward(x, bias), sizes());
  const auto loss = [&] { return test::dot(dy, forward(x, bias)); };
  const auto elements = test::spread_elements(x.size(), 100);
  EXPECT_LE(test::relative_error(test::picked(dx, elements), test::numeric_gradient(x, loss, elements), 1e-3),
            1e-7);
  if (bias.empty()) return;
  std::vector<double> dbias(bias.size());
  for (std::size_t i = 0; i < dx.size(); ++i) dbias[i % bias.size()] += dx[i] / sizes().scale;
  const auto columns = test::spread_elements(bias.size(), 50);
  EXPECT_LE(
      test::relative_error(test::picked(dbias, columns), test::numeric_gradient(bias, loss, columns), 1e-3),
      1e-7);
}

TEST_P(SoftmaxOptions, FloatAgreesWithDouble) {
  const auto x = random_values<float>(count(), 1, -3, 3), bias = this->bias<float>();
  POSTER_EXPECT_CLOSE(forward(x, bias), forward(test::to_double(x), test::to_double(bias)), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Sizes, SoftmaxOptions,
                         testing::Values(Options{{1, 1, 1}, 1, true}, Options{{6, 7, 0.5}, 3, false},
                                         Options{{6, 7, -2}, 0, true}, Options{{12, 49, 0.125}, 4, true},
                                         Options{{98, 148, 1}, 49, true}, Options{{71, 229, 0.25}, 1, false},
                                         Options{{7, 5, 1}, 3, true}, Options{{4, 9000, 0.5}, 2, true}));

// The bias counts where it alone decides, and nothing that the mask leaves out does, whatever it is.
TEST(SoftmaxOptionsExtremes, BiasAndMaskDecide) {
  CpuQueue queue(1);
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> x{0, 0, 0, 0, 2000, 1, 1, -infinity}, bias{-1000, 0, 0, -infinity};
  const std::vector<std::uint8_t> mask{1, 1, 1, 1, 0, 1, 1, 1};
  Output<float> y(8);
  softmax_forward(queue, SoftmaxForward<float>{.y = y.data(),
                                               .x = x.data(),
                                               .bias = bias.data(),
                                               .mask = mask.data(),
                                               .rows = 2,
                                               .columns = 4,
                                               .bias_rows = 1});
  EXPECT_EQ(y.values(), (std::vector<float>{0, 0.5f, 0.5f, 0, 0, 0.5f, 0.5f, 0}));
}

TEST(SoftmaxOptionsExtremes, ARowWithNothingLeftIsNaN) {
  CpuQueue queue(2);
  const auto x = random_values<float>(3 * 17, 1);
  std::vector<std::uint8_t> mask(3 * 17, 1);
  for (index_t i = 17; i < 2 * 17; ++i) mask[i] = 0;
  Output<float> y(3 * 17);
  softmax_forward(queue, SoftmaxForward<float>{
                             .y = y.data(), .x = x.data(), .mask = mask.data(), .rows = 3, .columns = 17});
  for (index_t i = 0; i < 3 * 17; ++i) ASSERT_EQ(std::isnan(y.values()[i]), i / 17 == 1) << i;
}

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
