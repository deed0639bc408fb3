#include "kernels/batch_norm/batch_norm.h"

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

constexpr double kEps = 1e-5, kMomentum = 0.1;

template <typename T>
struct Problem {
  index_t rows, channels;
  bool has_slope, has_residual;
  std::vector<T> x, gamma, beta, slope, residual, dy, running_mean, running_var;
  int updates = 1;

  const T* slope_or_null() const { return has_slope ? slope.data() : nullptr; }
  const T* residual_or_null() const { return has_residual ? residual.data() : nullptr; }
};

Problem<double> random_problem(index_t rows, index_t channels, bool slope, bool residual) {
  return {rows,
          channels,
          slope,
          residual,
          random_values<double>(rows * channels, 1, -1, 2),
          random_values<double>(channels, 2, 0.5, 1.5),
          random_values<double>(channels, 3),
          random_values<double>(channels, 4),
          random_values<double>(rows * channels, 5),
          random_values<double>(rows * channels, 6),
          random_values<double>(channels, 7),
          random_values<double>(channels, 8, 0.5, 2)};
}

template <typename To, typename From>
Problem<To> convert(const Problem<From>& p) {
  auto values = [](const std::vector<From>& v) { return std::vector<To>(v.begin(), v.end()); };
  return {p.rows,
          p.channels,
          p.has_slope,
          p.has_residual,
          values(p.x),
          values(p.gamma),
          values(p.beta),
          values(p.slope),
          values(p.residual),
          values(p.dy),
          values(p.running_mean),
          values(p.running_var),
          p.updates};
}

template <typename T>
struct Results {
  std::vector<T> y, mean, rstd, running_mean, running_var, dx, dgamma, dbeta, dslope, eval;
};

template <typename T>
BatchNormBackward<T> backward_arguments(const Problem<T>& p, const T* mean, const T* rstd) {
  return {.dx = nullptr,
          .dgamma = nullptr,
          .dbeta = nullptr,
          .dslope = nullptr,
          .dy = p.dy.data(),
          .x = p.x.data(),
          .mean = mean,
          .rstd = rstd,
          .gamma = p.gamma.data(),
          .beta = p.beta.data(),
          .slope = p.slope_or_null(),
          .rows = p.rows,
          .channels = p.channels};
}

template <typename T>
Results<T> run(CpuQueue& queue, const Problem<T>& p) {
  const index_t count = p.rows * p.channels;
  Output<T> y(count), eval(count), dx(count), mean(p.channels), rstd(p.channels), dgamma(p.channels),
      dbeta(p.channels), dslope(p.channels);
  auto running_mean = p.running_mean, running_var = p.running_var;
  batch_norm_forward_eval(queue, BatchNormForwardEval<T>{.y = eval.data(),
                                                         .x = p.x.data(),
                                                         .running_mean = running_mean.data(),
                                                         .running_var = running_var.data(),
                                                         .gamma = p.gamma.data(),
                                                         .beta = p.beta.data(),
                                                         .slope = p.slope_or_null(),
                                                         .residual = p.residual_or_null(),
                                                         .rows = p.rows,
                                                         .channels = p.channels,
                                                         .eps = kEps});
  batch_norm_forward_train(queue, BatchNormForwardTrain<T>{.y = y.data(),
                                                           .mean = mean.data(),
                                                           .rstd = rstd.data(),
                                                           .running_mean = running_mean.data(),
                                                           .running_var = running_var.data(),
                                                           .x = p.x.data(),
                                                           .gamma = p.gamma.data(),
                                                           .beta = p.beta.data(),
                                                           .slope = p.slope_or_null(),
                                                           .residual = p.residual_or_null(),
                                                           .rows = p.rows,
                                                           .channels = p.channels,
                                                           .eps = kEps,
                                                           .momentum = kMomentum,
                                                           .updates = p.updates});
  auto backward = backward_arguments(p, mean.data(), rstd.data());
  backward.dx = dx.data();
  backward.dgamma = dgamma.data();
  backward.dbeta = dbeta.data();
  if (p.has_slope) backward.dslope = dslope.data();
  batch_norm_backward(queue, backward);
  return {y.values(),      mean.values(),  rstd.values(),
          running_mean,    running_var,    dx.values(),
          dgamma.values(), dbeta.values(), p.has_slope ? dslope.values() : std::vector<T>{},
          eval.values()};
}

struct Naive {
  std::vector<double> y, mean, variance, rstd, z;
};

// Straight from the formulas; with the statistics given, eval mode.
Naive naive_forward(const Problem<double>& p, bool eval = false) {
  Naive n{std::vector<double>(p.x.size()), std::vector<double>(p.channels), std::vector<double>(p.channels),
          std::vector<double>(p.channels), std::vector<double>(p.x.size())};
  for (index_t c = 0; c < p.channels; ++c) {
    for (index_t r = 0; r < p.rows; ++r) n.mean[c] += p.x[r * p.channels + c] / p.rows;
    for (index_t r = 0; r < p.rows; ++r)
      n.variance[c] += std::pow(p.x[r * p.channels + c] - n.mean[c], 2) / p.rows;
    if (eval) {
      n.mean[c] = p.running_mean[c];
      n.variance[c] = p.running_var[c];
    }
    n.rstd[c] = 1 / std::sqrt(n.variance[c] + kEps);
    for (index_t i = c; i < p.rows * p.channels; i += p.channels) {
      n.z[i] = p.gamma[c] * (p.x[i] - n.mean[c]) * n.rstd[c] + p.beta[c];
      n.y[i] = p.has_slope && n.z[i] <= 0 ? p.slope[c] * n.z[i] : n.z[i];
      if (p.has_residual) n.y[i] += p.residual[i];
    }
  }
  return n;
}

// The kink of the PReLU makes central differences wrong: a weight of 0 takes outputs near it out of the loss.
void silence_kinks(Problem<double>& p) {
  const auto z = naive_forward(p).z;
  for (std::size_t i = 0; i < z.size(); ++i)
    if (std::abs(z[i]) < 1e-3) p.dy[i] = 0;
}

struct Case {
  index_t rows, channels;
  bool slope, residual;
};

class BatchNorm : public testing::TestWithParam<Case> {
 protected:
  CpuQueue queue_{2};
  Problem<double> p_ =
      random_problem(GetParam().rows, GetParam().channels, GetParam().slope, GetParam().residual);
};

TEST_P(BatchNorm, FollowsTheFormula) {
  const auto results = run(queue_, p_);
  const Naive naive = naive_forward(p_);
  POSTER_EXPECT_CLOSE(results.y, naive.y, 1e-12);
  POSTER_EXPECT_CLOSE(results.mean, naive.mean, 1e-12);
  POSTER_EXPECT_CLOSE(results.rstd, naive.rstd, 1e-12);
  POSTER_EXPECT_CLOSE(results.eval, naive_forward(p_, true).y, 1e-12);
}

TEST_P(BatchNorm, MovesTheRunningStatistics) {
  const Naive naive = naive_forward(p_);
  const double n = static_cast<double>(p_.rows);
  auto mean = p_.running_mean, variance = p_.running_var;
  for (int updates = 1; updates <= 3; ++updates) {
    for (index_t c = 0; c < p_.channels; ++c) {
      mean[c] = 0.9 * mean[c] + 0.1 * naive.mean[c];
      variance[c] = 0.9 * variance[c] + 0.1 * naive.variance[c] * n / (n - 1);
    }
    p_.updates = updates;
    const auto results = run(queue_, p_);
    POSTER_EXPECT_CLOSE(results.running_mean, mean, 1e-12);
    POSTER_EXPECT_CLOSE(results.running_var, variance, 1e-12);
  }
}

TEST_P(BatchNorm, GradientsMatchCentralDifferences) {
  silence_kinks(p_);
  const auto results = run(queue_, p_);
  auto loss = [&] { return test::dot(p_.dy, naive_forward(p_).y); };
  const auto elements = test::spread_elements(p_.x.size(), 16);
  const auto channels = test::spread_elements(p_.channels, 6);
  // Two rows are nearly +1 and -1 whatever x is: gradients cancel, so they are measured against that of y.
  EXPECT_LE(test::relative_error(test::picked(results.dx, elements),
                                 test::numeric_gradient(p_.x, loss, elements), 1),
            1e-7);
  EXPECT_LE(test::relative_error(test::picked(results.dgamma, channels),
                                 test::numeric_gradient(p_.gamma, loss, channels), 1),
            1e-7);
  EXPECT_LE(test::relative_error(test::picked(results.dbeta, channels),
                                 test::numeric_gradient(p_.beta, loss, channels), 1),
            1e-7);
  if (p_.has_slope) {
    EXPECT_LE(test::relative_error(test::picked(results.dslope, channels),
                                   test::numeric_gradient(p_.slope, loss, channels), 1),
              1e-7);
  }
}

TEST_P(BatchNorm, FloatAgreesWithDouble) {
  silence_kinks(p_);
  const auto single = convert<float>(p_);
  const auto actual = run(queue_, single);
  const auto expected = run(queue_, convert<double>(single));
  POSTER_EXPECT_CLOSE(actual.y, expected.y, 1e-6);
  POSTER_EXPECT_CLOSE(actual.eval, expected.eval, 1e-6);
  POSTER_EXPECT_CLOSE(actual.mean, expected.mean, 1e-6);
  POSTER_EXPECT_CLOSE(actual.rstd, expected.rstd, 1e-6);
  POSTER_EXPECT_CLOSE(actual.running_mean, expected.running_mean, 1e-6);
  POSTER_EXPECT_CLOSE(actual.running_var, expected.running_var, 1e-6);
  // dx is rstd times a difference of numbers near 1: with two rows little is left but their rounding.
  const double scale = *std::max_element(expected.rstd.begin(), expected.rstd.end());
  EXPECT_LE(test::relative_error(actual.dx, expected.dx, scale), 1e-6);
  EXPECT_LE(test::relative_error(actual.dgamma, expected.dgamma, 1), 1e-6);
  EXPECT_LE(test::relative_error(actual.dbeta, expected.dbeta, 1), 1e-6);
  if (p_.has_slope) {
    EXPECT_LE(test::relative_error(actual.dslope, expected.dslope, 1), 1e-6);
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, BatchNorm,
                         testing::Values(Case{2, 1, false, false}, Case{2, 7, true, true},
                                         Case{3, 1, true, false}, Case{6, 512, true, false},
                                         Case{49, 71, false, true}, Case{130, 129, true, true},
                                         Case{1001, 16, true, false}, Case{700, 64, false, false}));

TEST(BatchNormEdges, AnOffsetMuchLargerThanTheSpread) {
  CpuQueue queue(2);
  auto p = random_problem(20'000, 3, false, false);
  for (double& v : p.x) v += 1000;
  const auto single = convert<float>(p);
  const auto actual = run(queue, single);
  const auto expected = run(queue, convert<double>(single));
  POSTER_EXPECT_CLOSE(actual.mean, expected.mean, 1e-7);
  POSTER_EXPECT_CLOSE(actual.rstd, expected.rstd, 1e-6);
  // Float holds these means to 3e-5.
  POSTER_EXPECT_CLOSE(actual.y, expected.y, 1e-4);
}

TEST(BatchNormEdges, DxMayBeDyOrLeftOut) {
  CpuQueue queue(2);
  for (bool slope : {false, true}) {
    const auto p = convert<float>(random_problem(901, 33, slope, false));
    const auto expected = run(queue, p);
    for (bool wanted : {false, true}) {
      auto dy = p.dy;
      Output<float> dgamma(33), dbeta(33), dslope(33);
      auto backward = backward_arguments(p, expected.mean.data(), expected.rstd.data());
      backward.dy = dy.data();
      backward.dx = wanted ? dy.data() : nullptr;
      backward.dgamma = dgamma.data();
      backward.dbeta = dbeta.data();
      if (slope) backward.dslope = dslope.data();
      batch_norm_backward(queue, backward);
      EXPECT_EQ(dy, wanted ? expected.dx : p.dy);
      EXPECT_EQ(dgamma.values(), expected.dgamma);
      EXPECT_EQ(dbeta.values(), expected.dbeta);
      if (slope) {
        EXPECT_EQ(dslope.values(), expected.dslope);
      }
    }
  }
}

TEST(BatchNormEdges, EvalInPlace) {
  CpuQueue queue(2);
  const auto p = convert<float>(random_problem(901, 33, true, true));
  auto y = p.x;
  batch_norm_forward_eval(queue, BatchNormForwardEval<float>{.y = y.data(),
                                                             .x = y.data(),
                                                             .running_mean = p.running_mean.data(),
                                                             .running_var = p.running_var.data(),
                                                             .gamma = p.gamma.data(),
                                                             .beta = p.beta.data(),
                                                             .slope = p.slope.data(),
                                                             .residual = p.residual.data(),
                                                             .rows = p.rows,
                                                             .channels = p.channels,
                                                             .eps = kEps});
  EXPECT_EQ(y, run(queue, p).eval);
}

TEST(BatchNormEdges, NaNStaysInItsChannel) {
  CpuQueue queue(2);
  auto p = convert<float>(random_problem(50, 5, true, true));
  p.x[7 * 5 + 2] = std::numeric_limits<float>::quiet_NaN();
  const auto results = run(queue, p);
  for (index_t i = 0; i < 50 * 5; ++i) {
    EXPECT_EQ(std::isnan(results.y[i]), i % 5 == 2) << i;
    EXPECT_EQ(std::isnan(results.dx[i]), i % 5 == 2) << i;
    EXPECT_EQ(std::isnan(results.eval[i]), i == 7 * 5 + 2) << i;
  }
  EXPECT_TRUE(std::isnan(results.running_var[2]));
  EXPECT_FALSE(std::isnan(results.running_var[1]));
}

TEST(BatchNormEdges, SameForAnyNumberOfThreads) {
  const auto p = convert<float>(random_problem(5001, 65, true, true));
  test::expect_same_for_any_threads([&](CpuQueue& queue) {
    const auto r = run(queue, p);
    return test::concatenate<float>(
        {r.y, r.mean, r.rstd, r.running_mean, r.running_var, r.dx, r.dgamma, r.dbeta, r.dslope, r.eval});
  });
}

}  // namespace
}  // namespace poster::kernels
