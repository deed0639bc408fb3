#include "kernels/mean_token/mean_token.h"

#include <gtest/gtest.h>

#include "tests/support/buffers.h"
#include "tests/support/compare.h"
#include "tests/support/numeric_gradient.h"
#include "tests/support/threads.h"

namespace poster::kernels {
namespace {

struct Sizes {
  index_t batch, tokens, channels;
  index_t x_count() const { return batch * tokens * channels; }
  index_t y_count() const { return batch * (1 + tokens) * channels; }
};

template <typename T>
std::vector<T> forward(CpuQueue& queue, const Sizes& s, const std::vector<T>& x,
                       const std::vector<T>& position) {
  test::Output<T> y(s.y_count());
  mean_token_forward(queue, MeanTokenForward<T>{.y = y.data(),
                                                .x = x.data(),
                                                .position = position.empty() ? nullptr : position.data(),
                                                .batch = s.batch,
                                                .tokens = s.tokens,
                                                .channels = s.channels});
  return y.values();
}

template <typename T>
std::vector<T> backward(CpuQueue& queue, const Sizes& s, const std::vector<T>& dy) {
  test::Output<T> dx(s.x_count());
  mean_token_backward(
      queue,
      MeanTokenBackward<T>{
          .dx = dx.data(), .dy = dy.data(), .batch = s.batch, .tokens = s.tokens, .channels = s.channels});
  return dx.values();
}

class MeanTokenTest : public testing::TestWithParam<Sizes> {
 protected:
  Sizes s = GetParam();
  std::vector<double> x = test::random_values<double>(s.x_count(), 1);
  std::vector<double> position = test::random_values<double>((1 + s.tokens) * s.channels, 2);
  std::vector<double> dy = test::random_values<double>(s.y_count(), 3);
  CpuQueue queue{2};
};

TEST_P(MeanTokenTest, AgreesWithTheFormula) {
  for (const bool with_position : {false, true}) {
    const auto p = with_position ? position : std::vector<double>();
    std::vector<double> expected;
    for (index_t n = 0; n < s.batch; ++n)
      for (index_t t = 0; t <= s.tokens; ++t)
        for (index_t c = 0; c < s.channels; ++c) {
          double value = t > 0 ? x[(n * s.tokens + t - 1) * s.channels + c] : 0;
          for (index_t u = 0; t == 0 && u < s.tokens; ++u)
            value += x[(n * s.tokens + u) * s.channels + c] / static_cast<double>(s.tokens);
          expected.push_back(value + (with_position ? p[t * s.channels + c] : 0));
        }
    POSTER_EXPECT_CLOSE(forward(queue, s, x, p), expected, 1e-14);
  }
}

TEST_P(MeanTokenTest, GradientMatchesCentralDifferences) {
  const auto elements = test::spread_elements(x.size(), 30);
  const std::function<double()> loss = [&] { return test::dot(dy, forward(queue, s, x, position)); };
  const auto numeric = test::numeric_gradient(x, loss, elements);
  POSTER_EXPECT_CLOSE(test::picked(backward(queue, s, dy), elements), numeric, 1e-8);
}

TEST_P(MeanTokenTest, FloatAgreesWithDouble) {
  const std::vector<float> x32(x.begin(), x.end()), p32(position.begin(), position.end()),
      dy32(dy.begin(), dy.end());
  POSTER_EXPECT_CLOSE(forward(queue, s, x32, p32),
                      forward(queue, s, test::to_double(x32), test::to_double(p32)), 1e-6);
  POSTER_EXPECT_CLOSE(backward(queue, s, dy32), backward(queue, s, test::to_double(dy32)), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Shapes, MeanTokenTest,
                         testing::Values(Sizes{1, 1, 1}, Sizes{3, 2, 7}, Sizes{5, 49, 65}, Sizes{2, 4, 33},
                                         Sizes{1, 49, 8}));

TEST(MeanTokenEdges, SameForAnyNumberOfThreadsAndNaNComesThrough) {
  const Sizes s{7, 49, 33};
  auto x = test::random_values<float>(s.x_count(), 1), dy = test::random_values<float>(s.y_count(), 2);
  x[5 * s.channels] = dy[3] = std::numeric_limits<float>::quiet_NaN();
  test::expect_same_for_any_threads([&](CpuQueue& queue) {
    const auto y = forward(queue, s, x, {}), dx = backward(queue, s, dy);
    EXPECT_TRUE(std::isnan(y[0]) && std::isnan(y[6 * s.channels]) && std::isnan(dx[3]));
    return test::concatenate<float>({y, dx});
  });
}

}  // namespace
}  // namespace poster::kernels
