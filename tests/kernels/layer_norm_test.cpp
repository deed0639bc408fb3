#include "kernels/layer_norm/layer_norm.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/buffers.h"
#include "tests/support/numeric_gradient.h"
#include "tests/support/threads.h"

namespace poster::kernels {
namespace {

using test::Output;
using test::random_values;
using test::to_double;

template <typename T>
struct Problem {
  index_t rows, columns;
  std::vector<T> x, gamma, beta, dy, dx_add;
};

Problem<double> random_problem(index_t rows, index_t columns) {
  return {rows,
          columns,
          random_values<double>(rows * columns, 1, -1, 2),
          random_values<double>(columns, 2, 0.5, 1.5),
          random_values<double>(columns, 3),
          random_values<double>(rows * columns, 4),
          random_values<double>(rows * columns, 5)};
}

template <typename To, typename From>
Problem<To> convert(const Problem<From>& p) {
  auto values = [](const std::vector<From>& v) { return std::vector<To>(v.begin(), v.end()); };
  return {p.rows, p.columns, values(p.x), values(p.gamma), values(p.beta), values(p.dy), values(p.dx_add)};
}

template <typename T>
struct Results {
  std::vector<T> y, mean, rstd, dx, dgamma, dbeta;
};

template <typename T>
Results<T> run(CpuQueue& queue, const Problem<T>& p, bool add = false) {
  Output<T> y(p.x.size()), mean(p.rows), rstd(p.rows), dx(p.x.size()), dgamma(p.columns), dbeta(p.columns);
  layer_norm_forward(queue, LayerNormForward<T>{.y = y.data(),
                                                .mean = mean.data(),
                                                .rstd = rstd.data(),
                                                .x = p.x.data(),
                                                .gamma = p.gamma.data(),
                                                .beta = p.beta.data(),
                                                .rows = p.rows,
                                                .columns = p.columns,
                                                .eps = 1e-6});
  layer_norm_backward(queue, LayerNormBackward<T>{.dx = dx.data(),
                                                  .dx_add = add ? p.dx_add.data() : nullptr,
                                                  .dgamma = dgamma.data(),
                                                  .dbeta = dbeta.data(),
                                                  .dy = p.dy.data(),
                                                  .x = p.x.data(),
                                                  .mean = mean.data(),
                                                  .rstd = rstd.data(),
                                                  .gamma = p.gamma.data(),
                                                  .rows = p.rows,
                                                  .columns = p.columns});
  return {y.values(), mean.values(), rstd.values(), dx.values(), dgamma.values(), dbeta.values()};
}

std::vector<double> naive_forward(const Problem<double>& p) {
  std::vector<double> y;
  for (index_t r = 0; r < p.rows; ++r) {
    const double* x = p.x.data() + r * p.columns;
    double mean = 0, variance = 0;
    for (index_t c = 0; c < p.columns; ++c) mean += x[c] / p.columns;
    for (index_t c = 0; c < p.columns; ++c) variance += std::pow(x[c] - mean, 2) / p.columns;
    for (index_t c = 0; c < p.columns; ++c)
      y.push_back(p.gamma[c] * (x[c] - mean) / std::sqrt(variance + 1e-6) + p.beta[c]);
  }
  return y;
}

struct Sizes {
  index_t rows, columns;
};

class LayerNorm : public testing::TestWithParam<Sizes> {
 protected:
  CpuQueue queue_{2};
  Problem<double> p_ = random_problem(GetParam().rows, GetParam().columns);
};

TEST_P(LayerNorm, FollowsTheFormula) {
  const auto results = run(queue_, p_);
  POSTER_EXPECT_CLOSE(results.y, naive_forward(p_), 1e-12);
}

TEST_P(LayerNorm, GradientsMatchCentralDifferences) {
  const auto results = run(queue_, p_);
  auto loss = [&] { return test::dot(p_.dy, naive_forward(p_)); };
  const auto elements = test::spread_elements(p_.x.size(), 40);
  const auto columns = test::spread_elements(p_.columns, 20);
  EXPECT_LE(test::relative_error(test::picked(results.dx, elements),
                                 test::numeric_gradient(p_.x, loss, elements), 1e-2),
            1e-6);
  POSTER_EXPECT_CLOSE(test::picked(results.dbeta, columns), test::numeric_gradient(p_.beta, loss, columns),
                      1e-6);
  EXPECT_LE(test::relative_error(test::picked(results.dgamma, columns),
                                 test::numeric_gradient(p_.gamma, loss, columns), 1e-2),
            1e-6);
}

TEST_P(LayerNorm, AddsTheResidualsGradient) {
  const auto plain = run(queue_, p_), added = run(queue_, p_, true);
  std::vector<double> expected;
  for (std::size_t i = 0; i < plain.dx.size(); ++i) expected.push_back(plain.dx[i] + p_.dx_add[i]);
  POSTER_EXPECT_CLOSE(added.dx, expected, 1e-13);
  EXPECT_EQ(added.dgamma, plain.dgamma);
}

TEST_P(LayerNorm, FloatAgreesWithDouble) {
  const auto single = convert<float>(p_);
  const auto actual = run(queue_, single);
  const auto expected = run(queue_, convert<double>(single));
  POSTER_EXPECT_CLOSE(actual.y, expected.y, 1e-6);
  POSTER_EXPECT_CLOSE(actual.mean, expected.mean, 1e-6);
  POSTER_EXPECT_CLOSE(actual.rstd, expected.rstd, 1e-6);
  // dx is rstd times a difference of numbers near 1: with one column nothing is left but their rounding.
  const double scale = *std::max_element(expected.rstd.begin(), expected.rstd.end());
  EXPECT_LE(test::relative_error(actual.dx, expected.dx, scale), 1e-6);
  EXPECT_LE(test::relative_error(actual.dgamma, expected.dgamma, 1), 1e-6);
  EXPECT_LE(test::relative_error(actual.dbeta, expected.dbeta, 1), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Shapes, LayerNorm,
                         testing::Values(Sizes{1, 1}, Sizes{5, 1}, Sizes{1, 16}, Sizes{3, 7}, Sizes{37, 71},
                                         Sizes{50, 129}, Sizes{30, 768}, Sizes{600, 64}));

TEST(LayerNormEdges, AnOffsetMuchLargerThanTheSpread) {
  CpuQueue queue(2);
  auto p = random_problem(4, 256);
  for (double& v : p.x) v += 1000;
  const auto single = convert<float>(p);
  // Float holds numbers near 1000 to 3e-5, their mean to a few times that; E[x²] - E[x]² would be off by
  // 0.06.
  POSTER_EXPECT_CLOSE(run(queue, single).y, run(queue, convert<double>(single)).y, 4e-4);
}

TEST(LayerNormEdges, StatisticsMayBeLeftOut) {
  CpuQueue queue(2);
  const auto p = convert<float>(random_problem(9, 33));
  Output<float> y(p.x.size());
  LayerNormForward<float> forward{.y = y.data(),
                                  .mean = nullptr,
                                  .rstd = nullptr,
                                  .x = p.x.data(),
                                  .gamma = p.gamma.data(),
                                  .beta = p.beta.data(),
                                  .rows = p.rows,
                                  .columns = p.columns,
                                  .eps = 1e-6};
  layer_norm_forward(queue, forward);
  EXPECT_EQ(y.values(), run(queue, p).y);
}

TEST(LayerNormEdges, OutputsMayBeInputs) {
  CpuQueue queue(2);
  const auto p = convert<float>(random_problem(301, 65));
  for (bool add : {false, true}) {
    const auto expected = run(queue, p, add);
    auto in_place = [&](bool over_add) {
      auto buffer = over_add ? p.dx_add : p.dy, dgamma = p.gamma, dbeta = p.beta;
      layer_norm_backward(queue, LayerNormBackward<float>{.dx = buffer.data(),
                                                          .dx_add = !add       ? nullptr
                                                                    : over_add ? buffer.data()
                                                                               : p.dx_add.data(),
                                                          .dgamma = dgamma.data(),
                                                          .dbeta = dbeta.data(),
                                                          .dy = over_add ? p.dy.data() : buffer.data(),
                                                          .x = p.x.data(),
                                                          .mean = expected.mean.data(),
                                                          .rstd = expected.rstd.data(),
                                                          .gamma = p.gamma.data(),
                                                          .rows = p.rows,
                                                          .columns = p.columns});
      EXPECT_EQ(buffer, expected.dx);
      EXPECT_EQ(dgamma, expected.dgamma);
      EXPECT_EQ(dbeta, expected.dbeta);
    };
    in_place(false);
    if (add) in_place(true);
  }
}

TEST(LayerNormEdges, NaNStaysInItsRow) {
  CpuQueue queue(2);
  auto p = convert<float>(random_problem(5, 33));
  p.x[2 * 33 + 4] = std::numeric_limits<float>::quiet_NaN();
  const auto results = run(queue, p);
  for (index_t i = 0; i < 5 * 33; ++i) {
    EXPECT_EQ(std::isnan(results.y[i]), i / 33 == 2) << i;
    EXPECT_EQ(std::isnan(results.dx[i]), i / 33 == 2) << i;
  }
  EXPECT_TRUE(std::isnan(results.dgamma[0]));
}

TEST(LayerNormEdges, SameForAnyNumberOfThreads) {
  const auto p = convert<float>(random_problem(2001, 65));
  test::expect_same_for_any_threads([&](CpuQueue& queue) {
    const auto r = run(queue, p, true);
    return test::concatenate<float>({r.y, r.mean, r.rstd, r.dx, r.dgamma, r.dbeta});
  });
}

}  // namespace
}  // namespace poster::kernels
