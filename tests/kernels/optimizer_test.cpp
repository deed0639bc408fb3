#include "kernels/optimizer/optimizer.h"

#include <gtest/gtest.h>

#include "tests/support/buffers.h"
#include "tests/support/compare.h"
#include "tests/support/threads.h"

namespace poster::kernels {
namespace {

using test::Output;
using test::random_values;
using test::to_double;

// Gradients of step `step`, from tiny to large, some of them zero.
template <typename T>
std::vector<T> gradients(index_t count, int step) {
  auto g = random_values<T>(count, 100 + step);
  for (index_t i = 0; i < count; ++i) g[i] *= static_cast<T>(std::pow(10.0, i % 7 - 5));
  for (index_t i = 3; i < count; i += 11) g[i] = 0;
  return g;
}

struct AdamSettings {
  double weight_decay;
  bool decoupled;
};

template <typename T>
struct State {
  std::vector<T> compute, master, first, second;
};

template <typename T>
State<T> adam(CpuQueue& queue, index_t count, const AdamSettings& settings, int steps) {
  const auto initial = random_values<float>(count, 1);
  Output<T> compute(count), master(count), m(count), v(count);
  for (index_t i = 0; i < count; ++i) {
    master.data()[i] = initial[i];
    m.data()[i] = v.data()[i] = 0;
  }
  for (int step = 1; step <= steps; ++step) {
    const auto single = gradients<float>(count, step);
    const std::vector<T> g(single.begin(), single.end());
    const StepState state{.learning_rate = 3e-2, .updates = step};
    adam_step(queue, AdamStep<T>{.compute = compute.data(),
                                 .master = master.data(),
                                 .moment1 = m.data(),
                                 .moment2 = v.data(),
                                 .gradient = g.data(),
                                 .count = count,
                                 .beta1 = 0.9,
                                 .beta2 = 0.99,
                                 .eps = 1e-8,
                                 .weight_decay = settings.weight_decay,
                                 .decoupled = settings.decoupled,
                                 .state = &state});
  }
  return {compute.values(), master.values(), m.values(), v.values()};
}

// PyTorch's documentation of torch.optim.Adam and AdamW, line by line.
State<double> naive_adam(index_t count, const AdamSettings& settings, int steps) {
  const double lr = 3e-2, beta1 = 0.9, beta2 = 0.99, eps = 1e-8;
  std::vector<double> p = to_double(random_values<float>(count, 1)), m(count), v(count);
  for (int t = 1; t <= steps; ++t) {
    const auto gradient = to_double(gradients<float>(count, t));
    for (index_t i = 0; i < count; ++i) {
      double g = gradient[i];
      if (settings.decoupled)
        p[i] = p[i] - lr * settings.weight_decay * p[i];
      else
        g = g + settings.weight_decay * p[i];
      m[i] = beta1 * m[i] + (1 - beta1) * g;
      v[i] = beta2 * v[i] + (1 - beta2) * g * g;
      const double m_hat = m[i] / (1 - std::pow(beta1, t)), v_hat = v[i] / (1 - std::pow(beta2, t));
      p[i] = p[i] - lr * m_hat / (std::sqrt(v_hat) + eps);
    }
  }
  return {p, p, m, v};
}

class Optimizer : public testing::TestWithParam<index_t> {
 protected:
  CpuQueue queue_{2};
};

TEST_P(Optimizer, AdamFollowsPyTorch) {
  for (const AdamSettings settings : {AdamSettings{0, false}, {0.05, false}, {0.05, true}})
    for (int steps : {1, 2, 5}) {
      const auto expected = naive_adam(GetParam(), settings, steps);
      const auto actual = adam<double>(queue_, GetParam(), settings, steps);
      POSTER_EXPECT_CLOSE(actual.master, expected.master, 1e-13);
      POSTER_EXPECT_CLOSE(actual.first, expected.first, 1e-13);
      POSTER_EXPECT_CLOSE(actual.second, expected.second, 1e-13);
      EXPECT_EQ(actual.compute, actual.master);
      // m / sqrt(v) magnifies rounding where gradients of opposite signs cancel.
      const auto single = adam<float>(queue_, GetParam(), settings, steps);
      EXPECT_LE(test::relative_error(single.master, expected.master, 0.5), 1e-6);
      EXPECT_EQ(single.compute, single.master);
    }
}

template <typename T>
State<T> sgd(CpuQueue& queue, index_t count, double momentum, double weight_decay, int steps) {
  const auto initial = random_values<float>(count, 1);
  Output<T> compute(count), master(count), velocity(count);
  for (index_t i = 0; i < count; ++i) {
    master.data()[i] = initial[i];
    velocity.data()[i] = 0;
  }
  for (int step = 1; step <= steps; ++step) {
    const auto single = gradients<float>(count, step);
    const std::vector<T> g(single.begin(), single.end());
    const StepState state{.learning_rate = 0.1};
    sgd_step(queue, SgdStep<T>{.compute = compute.data(),
                               .master = master.data(),
                               .velocity = velocity.data(),
                               .gradient = g.data(),
                               .count = count,
                               .momentum = momentum,
                               .weight_decay = weight_decay,
                               .state = &state});
  }
  return {compute.values(), master.values(), velocity.values(), {}};
}

TEST_P(Optimizer, SgdFollowsPyTorch) {
  const index_t count = GetParam();
  for (double momentum : {0.0, 0.9})
    for (double weight_decay : {0.0, 0.01}) {
      std::vector<double> p = to_double(random_values<float>(count, 1)), b(count);
      for (int t = 1; t <= 4; ++t) {
        const auto g = to_double(gradients<float>(count, t));
        for (index_t i = 0; i < count; ++i) {
          const double decayed = g[i] + weight_decay * p[i];
          b[i] = t == 1 ? decayed : momentum * b[i] + decayed;
          p[i] -= 0.1 * b[i];
        }
      }
      const auto actual = sgd<double>(queue_, count, momentum, weight_decay, 4);
      POSTER_EXPECT_CLOSE(actual.master, p, 1e-14);
      POSTER_EXPECT_CLOSE(actual.first, b, 1e-14);
      EXPECT_EQ(actual.compute, actual.master);
      const auto single = sgd<float>(queue_, count, momentum, weight_decay, 4);
      POSTER_EXPECT_CLOSE(single.master, p, 1e-6);
      EXPECT_EQ(single.compute, single.master);
    }
}

template <typename T>
double norm2(CpuQueue& queue, const std::vector<T>& x) {
  double result = std::numeric_limits<double>::quiet_NaN();
  squared_norm(queue,
               SquaredNorm<T>{.result = &result, .x = x.data(), .count = static_cast<index_t>(x.size())});
  return result;
}

TEST_P(Optimizer, SquaredNorm) {
  const auto x = random_values<float>(GetParam(), 1);
  long double expected = 0;
  for (float v : x) expected += static_cast<long double>(v) * v;
  EXPECT_NEAR(norm2(queue_, x), static_cast<double>(expected), 1e-13 * static_cast<double>(expected));
  EXPECT_NEAR(norm2(queue_, to_double(x)), static_cast<double>(expected),
              1e-13 * static_cast<double>(expected));
  // Beyond what a float sum could hold.
  EXPECT_NEAR(norm2(queue_, std::vector<float>(GetParam(), 1e30f)) / GetParam(), 1e60, 1e54);
}

TEST_P(Optimizer, SamClimbsFromMasterAlongTheGradient) {
  const index_t count = GetParam();
  const auto master = random_values<float>(count, 1), g = random_values<float>(count, 2);
  const StepState state{.squared_norm = norm2(queue_, g)};
  const double norm = std::sqrt(state.squared_norm);
  std::vector<double> expected;
  for (index_t i = 0; i < count; ++i) expected.push_back(master[i] + 0.05 * g[i] / (norm + 1e-12));
  Output<float> compute(count);
  sam_climb(queue_, SamClimb<float>{.compute = compute.data(),
                                    .master = master.data(),
                                    .gradient = g.data(),
                                    .count = count,
                                    .rho = 0.05,
                                    .state = &state});
  POSTER_EXPECT_CLOSE(compute.values(), expected, 1e-7);
  Output<double> compute_d(count);
  const auto master_d = to_double(master), g_d = to_double(g);
  sam_climb(queue_, SamClimb<double>{.compute = compute_d.data(),
                                     .master = master_d.data(),
                                     .gradient = g_d.data(),
                                     .count = count,
                                     .rho = 0.05,
                                     .state = &state});
  POSTER_EXPECT_CLOSE(compute_d.values(), expected, 1e-14);
}

INSTANTIATE_TEST_SUITE_P(Sizes, Optimizer, testing::Values(1, 7, 1001, 40'003));

TEST(OptimizerEdges, ClimbAndUpdateStartFromMaster) {
  CpuQueue queue(2);
  // What compute held before does not matter: after a climb, a step leads to where it would have without.
  const index_t count = 33;
  const auto g = random_values<float>(count, 2), g2 = random_values<float>(count, 3);
  auto run = [&](bool climb) {
    auto compute = random_values<float>(count, 1), master = compute;
    std::vector<float> velocity(count);
    const StepState state{.learning_rate = 0.1, .squared_norm = norm2(queue, g)};
    if (climb)
      sam_climb(queue, SamClimb<float>{.compute = compute.data(),
                                       .master = master.data(),
                                       .gradient = g.data(),
                                       .count = count,
                                       .rho = 0.5,
                                       .state = &state});
    sgd_step(queue, SgdStep<float>{.compute = compute.data(),
                                   .master = master.data(),
                                   .velocity = velocity.data(),
                                   .gradient = g2.data(),
                                   .count = count,
                                   .state = &state});
    EXPECT_EQ(compute, master);
    return compute;
  };
  EXPECT_EQ(run(true), run(false));
}

TEST(OptimizerEdges, AZeroGradientClimbsNowhere) {
  CpuQueue queue(1);
  const std::vector<float> master = {1, 2}, g = {0, 0};
  Output<float> compute(2);
  const StepState state;
  sam_climb(queue, SamClimb<float>{.compute = compute.data(),
                                   .master = master.data(),
                                   .gradient = g.data(),
                                   .count = 2,
                                   .rho = 0.05,
                                   .state = &state});
  EXPECT_EQ(compute.values(), master);
}

TEST(OptimizerEdges, NaNAndInfinityComeThrough) {
  CpuQueue queue(2);
  std::vector<float> x(40'003, 1);
  x[30'000] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(norm2(queue, x), std::numeric_limits<double>::infinity());
  x[5] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(norm2(queue, x)));
  const StepState state{.learning_rate = 0.1, .updates = 1};
  std::vector<float> compute(2), master(2), m(2), v(2), g = {std::numeric_limits<float>::quiet_NaN(), 1};
  adam_step(queue, AdamStep<float>{.compute = compute.data(),
                                   .master = master.data(),
                                   .moment1 = m.data(),
                                   .moment2 = v.data(),
                                   .gradient = g.data(),
                                   .count = 2,
                                   .state = &state});
  EXPECT_TRUE(std::isnan(compute[0]) && std::isnan(master[0]));
  EXPECT_FALSE(std::isnan(compute[1]));
}

// Every pass once, from the same start.
struct Passes {
  std::vector<float> climbed, adam, sgd;
};
Passes passes(const std::vector<float>& gradient, StepState state) {
  CpuQueue queue(2);
  const index_t count = static_cast<index_t>(gradient.size());
  const auto master = random_values<float>(count, 1);
  state.squared_norm = norm2(queue, gradient);
  Passes results{master, master, master};
  sam_climb(queue, SamClimb<float>{.compute = results.climbed.data(),
                                   .master = master.data(),
                                   .gradient = gradient.data(),
                                   .count = count,
                                   .rho = 0.5,
                                   .state = &state});
  std::vector<float> compute(count), m(count, 0.1f), v(count, 0.2f);
  adam_step(queue, AdamStep<float>{.compute = compute.data(),
                                   .master = results.adam.data(),
                                   .moment1 = m.data(),
                                   .moment2 = v.data(),
                                   .gradient = gradient.data(),
                                   .count = count,
                                   .weight_decay = 0.1,
                                   .state = &state});
  EXPECT_EQ(compute, results.adam);
  sgd_step(queue, SgdStep<float>{.compute = compute.data(),
                                 .master = results.sgd.data(),
                                 .velocity = m.data(),
                                 .gradient = gradient.data(),
                                 .count = count,
                                 .momentum = 0.9,
                                 .weight_decay = 0.1,
                                 .state = &state});
  EXPECT_EQ(compute, results.sgd);
  return results;
}

TEST(OptimizerEdges, TheLossScaleIsDividedOut) {
  const auto gradient = random_values<float>(1001, 2);
  auto scaled = gradient;
  for (float& g : scaled) g *= 1024;
  const auto plain = passes(gradient, {.learning_rate = 0.1, .updates = 3});
  const auto actual = passes(scaled, {.learning_rate = 0.1, .loss_scale = 1024, .updates = 3});
  POSTER_EXPECT_CLOSE(actual.climbed, plain.climbed, 1e-7);
  EXPECT_EQ(actual.adam, plain.adam);
  EXPECT_EQ(actual.sgd, plain.sgd);
}

TEST(OptimizerEdges, AStepThatIsNotFiniteMovesNothing) {
  auto gradient = random_values<float>(1001, 2);
  gradient[77] = std::numeric_limits<float>::infinity();
  const auto master = random_values<float>(1001, 1);
  const auto results = passes(gradient, {.learning_rate = 0.1, .updates = 3, .finite = 0});
  EXPECT_EQ(results.climbed, master);
  EXPECT_EQ(results.adam, master);
  EXPECT_EQ(results.sgd, master);
}

TEST(OptimizerEdges, SameForAnyNumberOfThreads) {
  const auto x = random_values<double>(100'003, 1);
  test::expect_same_for_any_threads([&](CpuQueue& queue) {
    const auto a = adam<double>(queue, 40'003, {0.01, true}, 2), s = sgd<double>(queue, 40'003, 0.9, 0.01, 2);
    return test::concatenate<double>({a.compute, a.first, a.second, s.compute, {norm2(queue, x)}});
  });
}

}  // namespace
}  // namespace poster::kernels
