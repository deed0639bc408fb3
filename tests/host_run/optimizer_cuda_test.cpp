#include "kernels/optimizer/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/buffers.h"
#include "tests/support/cuda_ops.h"

namespace poster::kernels {
namespace {

using test::close;
using test::DeviceArray;
using test::Output;
using test::random_values;
using test::Results;
using test::rounded_to;
using test::to_double;

const double kInfinity = std::numeric_limits<double>::infinity();

// The optimizer's arrays before a pass, in values that float holds.
struct Problem {
  index_t count;
  std::vector<double> master, gradient, first, second;
  StepState state;
};

Problem random_problem(index_t count) {
  const auto values = [&](int seed, double low, double high) {
    return to_double(rounded_to<float>(random_values<double>(count, seed, low, high)));
  };
  Problem p{count,
            values(1, -1, 1),
            values(2, -1, 1),
            values(3, -0.3, 0.3),
            values(4, 0.01, 0.3),
            {.learning_rate = 3e-2, .loss_scale = 512, .updates = 3}};
  for (index_t i = 0; i < count; ++i) p.gradient[i] *= std::ldexp(1.0, static_cast<int>(i % 15) - 5);
  for (index_t i = 3; i < count; i += 11) p.gradient[i] = 0;
  for (const double g : p.gradient) p.state.squared_norm += g * g;
  return p;
}

struct Settings {
  double weight_decay = 0;
  bool decoupled = false;
  double momentum = 0.9;
};

constexpr double kRho = 0.5, kBeta1 = 0.8, kBeta2 = 0.99, kEps = 1e-6;

// Every pass, each from the problem's arrays.
Results run_cpu(const Problem& p, const Settings& settings) {
  CpuQueue queue(2);
  Output<double> climbed(p.count), adam(p.count), sgd(p.count);
  auto adam_master = p.master, moment1 = p.first, moment2 = p.second, sgd_master = p.master,
       velocity = p.first;
  sam_climb(queue, SamClimb<double>{.compute = climbed.data(),
                                    .master = p.master.data(),
                                    .gradient = p.gradient.data(),
                                    .count = p.count,
                                    .rho = kRho,
                                    .state = &p.state});
  adam_step(queue, AdamStep<double>{.compute = adam.data(),
                                    .master = adam_master.data(),
                                    .moment1 = moment1.data(),
                                    .moment2 = moment2.data(),
                                    .gradient = p.gradient.data(),
                                    .count = p.count,
                                    .beta1 = kBeta1,
                                    .beta2 = kBeta2,
                                    .eps = kEps,
                                    .weight_decay = settings.weight_decay,
                                    .decoupled = settings.decoupled,
                                    .state = &p.state});
  sgd_step(queue, SgdStep<double>{.compute = sgd.data(),
                                  .master = sgd_master.data(),
                                  .velocity = velocity.data(),
                                  .gradient = p.gradient.data(),
                                  .count = p.count,
                                  .momentum = settings.momentum,
                                  .weight_decay = settings.weight_decay,
                                  .state = &p.state});
  return {{"climbed", climbed.values()}, {"climb_master", p.master}, {"adam", adam.values()},
          {"adam_master", adam_master},  {"moment1", moment1},       {"moment2", moment2},
          {"sgd", sgd.values()},         {"sgd_master", sgd_master}, {"velocity", velocity}};
}

// With Half also the rounded copies. `misalign` moves `compute` off 16 bytes.
template <typename T>
Results run(const Problem& p, const Settings& settings, index_t misalign = 0) {
  CudaQueue queue;
  constexpr bool kRounds = !std::is_same_v<T, float>;
  const auto floats = [](const std::vector<double>& v) { return rounded_to<float>(v); };
  const DeviceArray<StepState> state(std::vector<StepState>{p.state});
  const DeviceArray<float> gradient(floats(p.gradient)), climb_master(floats(p.master));
  DeviceArray<float> adam_master(floats(p.master)), sgd_master(floats(p.master)), moment1(floats(p.first)),
      moment2(floats(p.second)), velocity(floats(p.first));
  DeviceArray<float> climbed(p.count, misalign), adam(p.count, misalign), sgd(p.count, misalign);
  DeviceArray<T> climbed_rounded(p.count), adam_rounded(p.count), sgd_rounded(p.count);
  sam_climb(queue, SamClimb<T>{.compute = climbed.data(),
                               .rounded = kRounds ? climbed_rounded.data() : nullptr,
                               .master = climb_master.data(),
                               .gradient = gradient.data(),
                               .count = p.count,
                               .rho = kRho,
                               .state = state.data()});
  adam_step(queue, AdamStep<T>{.compute = adam.data(),
                               .rounded = kRounds ? adam_rounded.data() : nullptr,
                               .master = adam_master.data(),
                               .moment1 = moment1.data(),
                               .moment2 = moment2.data(),
                               .gradient = gradient.data(),
                               .count = p.count,
                               .beta1 = kBeta1,
                               .beta2 = kBeta2,
                               .eps = kEps,
                               .weight_decay = settings.weight_decay,
                               .decoupled = settings.decoupled,
                               .state = state.data()});
  sgd_step(queue, SgdStep<T>{.compute = sgd.data(),
                             .rounded = kRounds ? sgd_rounded.data() : nullptr,
                             .master = sgd_master.data(),
                             .velocity = velocity.data(),
                             .gradient = gradient.data(),
                             .count = p.count,
                             .momentum = settings.momentum,
                             .weight_decay = settings.weight_decay,
                             .state = state.data()});
  Results results = {{"climbed", climbed.values(queue)},  {"climb_master", climb_master.values(queue)},
                     {"adam", adam.values(queue)},        {"adam_master", adam_master.values(queue)},
                     {"moment1", moment1.values(queue)},  {"moment2", moment2.values(queue)},
                     {"sgd", sgd.values(queue)},          {"sgd_master", sgd_master.values(queue)},
                     {"velocity", velocity.values(queue)}};
  if (kRounds) {
    results["climbed_rounded"] = climbed_rounded.values(queue);
    results["adam_rounded"] = adam_rounded.values(queue);
    results["sgd_rounded"] = sgd_rounded.values(queue);
  }
  return results;
}

template <typename T>
void expect_agreement(const Results& actual, const Results& expected) {
  for (const auto& [name, values] : expected)
    EXPECT_TRUE(close<float>(actual.at(name), values, 1e-6)) << name;
  EXPECT_EQ(actual.at("adam"), actual.at("adam_master"));
  EXPECT_EQ(actual.at("sgd"), actual.at("sgd_master"));
  if constexpr (!std::is_same_v<T, float>) {
    for (const std::string name : {"climbed", "adam", "sgd"})
      EXPECT_EQ(actual.at(name + "_rounded"), to_double(rounded_to<T>(actual.at(name)))) << name;
  }
}

const Settings kAllSettings[] = {{0, false, 0}, {0.05, false, 0.9}, {0.05, true, 0.9}};

class OptimizerCuda : public test::CudaTestWith<index_t> {
 protected:
  template <typename T>
  void expect_agreement_with_the_cpu() {
    const Problem p = random_problem(GetParam());
    for (const Settings& settings : kAllSettings) {
      const Results actual = test::for_each_order([&] { return run<T>(p, settings); });
      expect_agreement<T>(actual, run_cpu(p, settings));
      EXPECT_EQ(run<T>(p, settings, 1), actual) << "the alignment changes bits";
    }
  }
};

TEST_P(OptimizerCuda, AgreesInFloat) { expect_agreement_with_the_cpu<float>(); }
TEST_P(OptimizerCuda, AgreesInHalf) { expect_agreement_with_the_cpu<Half>(); }

INSTANTIATE_TEST_SUITE_P(Counts, OptimizerCuda, testing::Values(1, 4, 7, 1001, 5000));

class OptimizerCudaEdges : public test::CudaTest {};

TEST_F(OptimizerCudaEdges, MoreThanTheGridTakesAtOnce) {
  const Problem p = random_problem(1'090'003);
  const Settings settings{.weight_decay = 0.01};
  expect_agreement<Half>(run<Half>(p, settings), run_cpu(p, settings));
}

TEST_F(OptimizerCudaEdges, AStepThatIsNotFiniteMovesNothing) {
  Problem p = random_problem(1001);
  p.gradient[77] = kInfinity;
  p.gradient[78] = std::nan("");
  p.state.squared_norm = std::nan("");
  p.state.finite = 0;
  const Results results = test::for_each_order([&] { return run<Half>(p, {.weight_decay = 0.1}); });
  for (const char* name : {"climbed", "climb_master", "adam", "adam_master", "sgd", "sgd_master"})
    EXPECT_EQ(results.at(name), p.master) << name;
  for (const char* name : {"climbed_rounded", "adam_rounded", "sgd_rounded"})
    EXPECT_EQ(results.at(name), to_double(rounded_to<Half>(p.master))) << name;
  EXPECT_EQ(results.at("moment1"), p.first);
  EXPECT_EQ(results.at("moment2"), p.second);
  EXPECT_EQ(results.at("velocity"), p.first);
}

TEST_F(OptimizerCudaEdges, AZeroGradientClimbsNowhere) {
  Problem p = random_problem(9);
  p.gradient.assign(9, 0);
  p.state.squared_norm = 0;
  EXPECT_EQ(run<float>(p, {}).at("climbed"), p.master);
}

// Late in training 1 - beta^step is 1 to the last bit; at the first step it is 1 - beta.
TEST_F(OptimizerCudaEdges, FirstAndLateUpdates) {
  Problem p = random_problem(100);
  for (const std::int64_t updates : {std::int64_t{1}, std::int64_t{1'000'000}}) {
    p.state.updates = updates;
    expect_agreement<float>(run<float>(p, {}), run_cpu(p, {}));
  }
}

TEST_F(OptimizerCudaEdges, NaNStaysInItsPlace) {
  Problem p = random_problem(9);
  p.gradient[2] = std::nan("");
  const Results results = run<float>(p, {});
  for (const char* name : {"climbed", "adam", "sgd", "adam_master", "moment2"})
    for (index_t i = 0; i < p.count; ++i) EXPECT_EQ(std::isnan(results.at(name)[i]), i == 2) << name;
}

template <typename T>
Results squared_norm_of(const std::vector<T>& x, index_t misalign = 0) {
  CudaQueue queue;
  const DeviceArray<T> from(x, misalign);
  DeviceArray<double> result(1);
  squared_norm(
      queue,
      SquaredNorm<T>{.result = result.data(), .x = from.data(), .count = static_cast<index_t>(x.size())});
  return {{"norm", result.values(queue)}};
}

template <typename T>
void expect_norm(index_t count) {
  const auto x = rounded_to<T>(random_values<double>(count, 1));
  long double expected = 0;
  for (const T v : x) expected += static_cast<long double>(static_cast<double>(v)) * static_cast<double>(v);
  const Results actual = test::for_each_order([&] { return squared_norm_of<T>(x); });
  EXPECT_TRUE(close<double>(actual.at("norm"), {static_cast<double>(expected)}, 1e-13)) << count;
  EXPECT_EQ(squared_norm_of<T>(x, 1), actual) << "the alignment changes bits";
}

class SquaredNormCuda : public test::CudaTest {};

TEST_F(SquaredNormCuda, IsTheSumOfSquares) {
  for (const index_t count : {1, 7, 1001, 16'384, 40'003}) {
    expect_norm<float>(count);
    expect_norm<Half>(count);
  }
}

// More blocks than the last kernel has threads.
TEST_F(SquaredNormCuda, OfManyElements) {
  const index_t count = 16'384 * 1030 + 5;
  const auto norm = squared_norm_of(std::vector<float>(count, 3)).at("norm");
  EXPECT_EQ(norm[0], 9.0 * static_cast<double>(count));
}

TEST_F(SquaredNormCuda, HoldsWhatAFloatCouldNot) {
  EXPECT_TRUE(close<double>(squared_norm_of(std::vector<float>(999, 1e30f)).at("norm"), {999e60}, 1e-7));
}

TEST_F(SquaredNormCuda, NaNAndInfinityComeThrough) {
  std::vector<float> x(40'003, 1);
  x[30'000] = static_cast<float>(-kInfinity);
  EXPECT_EQ(squared_norm_of(x).at("norm")[0], kInfinity);
  x[40'002] = std::nanf("");
  EXPECT_TRUE(std::isnan(squared_norm_of(x).at("norm")[0]));
}

TEST_F(SquaredNormCuda, OfNothingIsZero) { EXPECT_EQ(squared_norm_of<float>({}).at("norm")[0], 0); }

TEST_F(SquaredNormCuda, PlanningTellsTheScratch) {
  CudaQueue planned, queue;
  planned.set_planning(true);
  squared_norm(planned, SquaredNorm<float>{.result = nullptr, .x = nullptr, .count = 100'000});
  const DeviceArray<float> x(std::vector<float>(100'000, 1));
  DeviceArray<double> result(1);
  squared_norm(queue, SquaredNorm<float>{.result = result.data(), .x = x.data(), .count = 100'000});
  EXPECT_EQ(result.values(queue)[0], 100'000);
  EXPECT_GT(queue.scratch_peak(), 0u);
  EXPECT_EQ(planned.scratch_peak(), queue.scratch_peak());
}

}  // namespace
}  // namespace poster::kernels
