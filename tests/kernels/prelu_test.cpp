#include "kernels/prelu/prelu.h"

#include <gtest/gtest.h>

#include "tests/support/buffers.h"
#include "tests/support/numeric_gradient.h"
#include "tests/support/threads.h"

namespace poster::kernels {
namespace {

using test::Output;
using test::random_values;
using test::to_double;

// Away from the kink, where central differences would straddle it.
template <typename T>
std::vector<T> random_inputs(index_t count, std::uint64_t seed) {
  auto x = random_values<T>(count, seed);
  for (T& v : x) v += v > 0 ? T(0.01) : T(-0.01);
  return x;
}

template <typename T>
std::vector<T> forward(CpuQueue& queue, const std::vector<T>& x, const std::vector<T>* slope,
                       index_t channels) {
  Output<T> y(x.size());
  prelu_forward(queue, PReluForward<T>{.y = y.data(),
                                       .x = x.data(),
                                       .slope = slope ? slope->data() : nullptr,
                                       .rows = y.size() / channels,
                                       .channels = channels});
  return y.values();
}

template <typename T>
struct Gradients {
  std::vector<T> dx, dslope;
};

template <typename T>
Gradients<T> backward(CpuQueue& queue, const std::vector<T>& dy, const std::vector<T>& x,
                      const std::vector<T>* slope, index_t channels) {
  Output<T> dx(x.size()), dslope(channels);
  prelu_backward(queue, PReluBackward<T>{.dx = dx.data(),
                                         .dslope = slope ? dslope.data() : nullptr,
                                         .dy = dy.data(),
                                         .x = x.data(),
                                         .slope = slope ? slope->data() : nullptr,
                                         .rows = dx.size() / channels,
                                         .channels = channels});
  return {dx.values(), slope ? dslope.values() : std::vector<T>{}};
}

struct Sizes {
  index_t rows, channels;
};

class PRelu : public testing::TestWithParam<Sizes> {
 protected:
  CpuQueue queue_{2};
};

TEST_P(PRelu, FollowsTheFormula) {
  const auto [rows, channels] = GetParam();
  const auto x = random_inputs<double>(rows * channels, 1);
  const auto slope = random_values<double>(channels, 2);
  std::vector<double> expected, relu;
  for (index_t i = 0; i < rows * channels; ++i) {
    expected.push_back(x[i] > 0 ? x[i] : slope[i % channels] * x[i]);
    relu.push_back(std::fmax(x[i], 0));
  }
  EXPECT_EQ(forward(queue_, x, &slope, channels), expected);
  EXPECT_EQ(forward<double>(queue_, x, nullptr, channels), relu);
}

TEST_P(PRelu, GradientsMatchCentralDifferences) {
  const auto [rows, channels] = GetParam();
  auto x = random_inputs<double>(rows * channels, 1);
  auto slope = random_values<double>(channels, 2);
  const auto dy = random_values<double>(rows * channels, 3);
  const auto elements = test::spread_elements(x.size(), 60);
  for (auto* s : {&slope, static_cast<std::vector<double>*>(nullptr)}) {
    auto loss = [&] { return test::dot(dy, forward(queue_, x, s, channels)); };
    const auto gradients = backward(queue_, dy, x, s, channels);
    POSTER_EXPECT_CLOSE(test::picked(gradients.dx, elements), test::numeric_gradient(x, loss, elements),
                        1e-7);
    if (!s) continue;
    const auto channel_elements = test::spread_elements(channels, 20);
    POSTER_EXPECT_CLOSE(test::picked(gradients.dslope, channel_elements),
                        test::numeric_gradient(slope, loss, channel_elements), 1e-7);
  }
}

TEST_P(PRelu, FloatAgreesWithDouble) {
  const auto [rows, channels] = GetParam();
  const auto x = random_inputs<float>(rows * channels, 1), slope = random_values<float>(channels, 2),
             dy = random_values<float>(rows * channels, 3);
  const auto xd = to_double(x), sd = to_double(slope), dyd = to_double(dy);
  POSTER_EXPECT_CLOSE(forward(queue_, x, &slope, channels), forward(queue_, xd, &sd, channels), 1e-7);
  const auto actual = backward(queue_, dy, x, &slope, channels);
  const auto expected = backward(queue_, dyd, xd, &sd, channels);
  POSTER_EXPECT_CLOSE(actual.dx, expected.dx, 1e-7);
  POSTER_EXPECT_CLOSE(actual.dslope, expected.dslope, 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Shapes, PRelu,
                         testing::Values(Sizes{1, 1}, Sizes{3, 7}, Sizes{1, 512}, Sizes{1500, 64},
                                         Sizes{300, 71}, Sizes{2000, 16}));

TEST(PReluEdges, ZeroTakesTheSlopesSideAndNaNComesThrough) {
  CpuQueue queue(2);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> x = {0, nan, 1, -1}, dy = {2, 2, nan, nan}, slope = {0.25f, 0.5f, 0.5f, 0.5f};
  const auto y = forward(queue, x, &slope, 4), relu = forward<float>(queue, x, nullptr, 4);
  const auto d = backward(queue, dy, x, &slope, 4), drelu = backward<float>(queue, dy, x, nullptr, 4);
  EXPECT_EQ(d.dx[0], 0.5f);
  EXPECT_EQ(drelu.dx[0], 0.0f);
  EXPECT_TRUE(std::isnan(y[1]));
  EXPECT_TRUE(std::isnan(relu[1]));
  EXPECT_TRUE(std::isnan(d.dslope[1]));
  EXPECT_TRUE(std::isnan(d.dx[2]));
  EXPECT_TRUE(std::isnan(drelu.dx[2]));
  EXPECT_TRUE(std::isnan(d.dx[3]));
  EXPECT_TRUE(std::isnan(d.dslope[3]));
}

TEST(PReluEdges, OutputsMayBeInputs) {
  CpuQueue queue(2);
  const index_t rows = 700, channels = 33;
  const auto x = random_values<float>(rows * channels, 1), dy = random_values<float>(rows * channels, 2),
             slope = random_values<float>(channels, 3);
  for (const auto* s : {&slope, static_cast<const std::vector<float>*>(nullptr)}) {
    auto y = x, dx = dy, dslope = slope;
    const float* const p = s ? s->data() : nullptr;
    prelu_forward(queue, PReluForward<float>{
                             .y = y.data(), .x = y.data(), .slope = p, .rows = rows, .channels = channels});
    prelu_backward(queue, PReluBackward<float>{.dx = dx.data(),
                                               .dslope = s ? dslope.data() : nullptr,
                                               .dy = dx.data(),
                                               .x = x.data(),
                                               .slope = p,
                                               .rows = rows,
                                               .channels = channels});
    const auto expected = backward(queue, dy, x, s, channels);
    EXPECT_EQ(y, forward(queue, x, s, channels));
    EXPECT_EQ(dx, expected.dx);
    if (s) {
      EXPECT_EQ(dslope, expected.dslope);
    }
  }
}

TEST(PReluEdges, SameForAnyNumberOfThreads) {
  const index_t channels = 65;
  const auto x = random_values<float>(3001 * channels, 1), dy = random_values<float>(3001 * channels, 2),
             slope = random_values<float>(channels, 3);
  test::expect_same_for_any_threads([&](CpuQueue& queue) {
    const auto d = backward(queue, dy, x, &slope, channels);
    return test::concatenate<float>({forward(queue, x, &slope, channels), d.dx, d.dslope});
  });
}

}  // namespace
}  // namespace poster::kernels
