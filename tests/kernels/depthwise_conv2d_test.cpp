#include "kernels/depthwise_conv2d/depthwise_conv2d.h"

#include <gtest/gtest.h>

#include "tests/support/buffers.h"
#include "tests/support/numeric_gradient.h"
#include "tests/support/threads.h"

namespace poster::kernels {
namespace {

using test::Output;
using test::random_values;
using test::to_double;

index_t input_size(const DepthwiseConv2dShape& s) { return s.batch * s.height * s.width * s.channels; }
index_t output_size(const DepthwiseConv2dShape& s) {
  return s.batch * s.out_height() * s.out_width() * s.channels;
}
index_t weight_size(const DepthwiseConv2dShape& s) { return s.kernel * s.kernel * s.channels; }

template <typename T>
std::vector<T> forward(CpuQueue& queue, const DepthwiseConv2dShape& s, const std::vector<T>& x,
                       const std::vector<T>& w) {
  Output<T> y(output_size(s));
  depthwise_conv2d_forward(
      queue, DepthwiseConv2dForward<T>{.y = y.data(), .x = x.data(), .w = w.data(), .shape = s});
  return y.values();
}

template <typename T>
struct Gradients {
  std::vector<T> dx, dw;
};

template <typename T>
Gradients<T> backward(CpuQueue& queue, const DepthwiseConv2dShape& s, const std::vector<T>& dy,
                      const std::vector<T>& x, const std::vector<T>& w) {
  Output<T> dx(input_size(s)), dw(weight_size(s));
  depthwise_conv2d_backward(
      queue,
      DepthwiseConv2dBackward<T>{
          .dx = dx.data(), .dw = dw.data(), .dy = dy.data(), .x = x.data(), .w = w.data(), .shape = s});
  return {dx.values(), dw.values()};
}

std::vector<double> naive_forward(const DepthwiseConv2dShape& s, const std::vector<double>& x,
                                  const std::vector<double>& w) {
  std::vector<double> y;
  for (index_t n = 0; n < s.batch; ++n)
    for (index_t i = 0; i < s.out_height(); ++i)
      for (index_t j = 0; j < s.out_width(); ++j)
        for (index_t c = 0; c < s.channels; ++c) {
          double sum = 0;
          for (index_t r = 0; r < s.kernel; ++r)
            for (index_t q = 0; q < s.kernel; ++q) {
              const index_t row = i * s.stride + r - s.padding, column = j * s.stride + q - s.padding;
              if (row < 0 || row >= s.height || column < 0 || column >= s.width) continue;
              sum += w[(r * s.kernel + q) * s.channels + c] *
                     x[((n * s.height + row) * s.width + column) * s.channels + c];
            }
          y.push_back(sum);
        }
  return y;
}

class DepthwiseConv2d : public testing::TestWithParam<DepthwiseConv2dShape> {
 protected:
  CpuQueue queue_{2};
  DepthwiseConv2dShape s_ = GetParam();
  std::vector<double> x_ = random_values<double>(input_size(s_), 1),
                      w_ = random_values<double>(weight_size(s_), 2),
                      dy_ = random_values<double>(output_size(s_), 3);
};

TEST_P(DepthwiseConv2d, FollowsTheFormula) {
  EXPECT_LE(test::relative_error(forward(queue_, s_, x_, w_), naive_forward(s_, x_, w_), 1), 1e-14);
}

TEST_P(DepthwiseConv2d, GradientsMatchCentralDifferences) {
  const auto gradients = backward(queue_, s_, dy_, x_, w_);
  auto loss = [&] { return test::dot(dy_, naive_forward(s_, x_, w_)); };
  const auto pixels = test::spread_elements(x_.size(), 60), weights = test::spread_elements(w_.size(), 60);
  // The loss is linear in each number: a large step has no error of its own.
  EXPECT_LE(test::relative_error(test::picked(gradients.dx, pixels),
                                 test::numeric_gradient(x_, loss, pixels, 1e-2), 1),
            1e-10);
  EXPECT_LE(test::relative_error(test::picked(gradients.dw, weights),
                                 test::numeric_gradient(w_, loss, weights, 1e-2), 1),
            1e-10);
}

TEST_P(DepthwiseConv2d, FloatAgreesWithDouble) {
  const auto x = random_values<float>(input_size(s_), 1), w = random_values<float>(weight_size(s_), 2),
             dy = random_values<float>(output_size(s_), 3);
  EXPECT_LE(
      test::relative_error(forward(queue_, s_, x, w), forward(queue_, s_, to_double(x), to_double(w)), 1),
      1e-6);
  const auto actual = backward(queue_, s_, dy, x, w);
  const auto expected = backward(queue_, s_, to_double(dy), to_double(x), to_double(w));
  EXPECT_LE(test::relative_error(actual.dx, expected.dx, 1), 1e-6);
  EXPECT_LE(test::relative_error(actual.dw, expected.dw, 1), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, DepthwiseConv2d,
    testing::Values(DepthwiseConv2dShape{1, 1, 1, 1, 1}, DepthwiseConv2dShape{1, 1, 1, 3, 3, 1, 1},
                    DepthwiseConv2dShape{2, 9, 7, 64, 3, 1, 1}, DepthwiseConv2dShape{2, 8, 8, 33, 3, 2, 1},
                    DepthwiseConv2dShape{1, 7, 9, 17, 3, 2, 1}, DepthwiseConv2dShape{3, 7, 7, 71, 7},
                    DepthwiseConv2dShape{1, 6, 5, 5, 5, 1, 2}, DepthwiseConv2dShape{1, 8, 8, 4, 2, 3, 0},
                    DepthwiseConv2dShape{1, 3, 3, 8, 2, 1, 2}, DepthwiseConv2dShape{1, 9, 9, 8, 1, 4, 0}));

TEST(DepthwiseConv2dEdges, EitherGradientMayBeLeftOut) {
  CpuQueue queue(2);
  const DepthwiseConv2dShape s{2, 5, 6, 9, 3, 1, 1};
  const auto x = random_values<float>(input_size(s), 1), w = random_values<float>(weight_size(s), 2),
             dy = random_values<float>(output_size(s), 3);
  const auto expected = backward(queue, s, dy, x, w);
  Output<float> dx(input_size(s)), dw(weight_size(s));
  DepthwiseConv2dBackward<float> only_dx{
      .dx = dx.data(), .dy = dy.data(), .x = x.data(), .w = w.data(), .shape = s};
  DepthwiseConv2dBackward<float> only_dw{
      .dw = dw.data(), .dy = dy.data(), .x = x.data(), .w = w.data(), .shape = s};
  depthwise_conv2d_backward(queue, only_dx);
  depthwise_conv2d_backward(queue, only_dw);
  EXPECT_EQ(dx.values(), expected.dx);
  EXPECT_EQ(dw.values(), expected.dw);
}

TEST(DepthwiseConv2dEdges, NaNReachesItsNeighboursAlone) {
  CpuQueue queue(2);
  const DepthwiseConv2dShape s{1, 5, 5, 3, 3, 1, 1};
  auto x = random_values<float>(input_size(s), 1);
  const auto w = random_values<float>(weight_size(s), 2);
  x[(1 * 5 + 1) * 3 + 2] = std::numeric_limits<float>::quiet_NaN();
  const auto y = forward(queue, s, x, w);
  for (index_t i = 0; i < 5; ++i)
    for (index_t j = 0; j < 5; ++j)
      for (index_t c = 0; c < 3; ++c)
        EXPECT_EQ(std::isnan(y[(i * 5 + j) * 3 + c]), c == 2 && i <= 2 && j <= 2)
            << i << ' ' << j << ' ' << c;
}

TEST(DepthwiseConv2dEdges, SameForAnyNumberOfThreads) {
  const DepthwiseConv2dShape s{9, 14, 14, 129, 3, 1, 1};
  const auto x = random_values<float>(input_size(s), 1), w = random_values<float>(weight_size(s), 2),
             dy = random_values<float>(output_size(s), 3);
  test::expect_same_for_any_threads([&](CpuQueue& queue) {
    const auto d = backward(queue, s, dy, x, w);
    return test::concatenate<float>({forward(queue, s, x, w), d.dx, d.dw});
  });
}

}  // namespace
}  // namespace poster::kernels
