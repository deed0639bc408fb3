#include "kernels/batch_norm/batch_norm.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/buffers.h"
#include "tests/support/cuda_ops.h"

namespace poster::kernels {
namespace {

using test::close;
using test::DeviceArray;
using test::random_values;
using test::Results;
using test::rounded_to;
using test::to_double;

constexpr double kEps = 1e-5, kMomentum = 0.1;

struct Problem {
  index_t rows, channels;
  bool has_slope, has_residual;
  std::vector<double> x, residual, dy, gamma, beta, slope, running_mean, running_var;
  int updates = 2;
  index_t count() const { return rows * channels; }
};

// Values as the kernel for T sees them.
template <typename T>
Problem random_problem(index_t rows, index_t channels, bool slope, bool residual, double offset = 0) {
  auto map = [&](std::uint64_t seed, double low, double high) {
    return to_double(rounded_to<T>(random_values<double>(rows * channels, seed, low, high)));
  };
  auto parameter = [&](std::uint64_t seed, double low, double high) {
    return to_double(random_values<float>(channels, seed, low, high));
  };
  return {rows,
          channels,
          slope,
          residual,
          map(1, offset - 1, offset + 2),
          map(2, -1, 1),
          map(3, -1, 1),
          parameter(4, 0.5, 1.5),
          parameter(5, -1, 1),
          parameter(6, -0.5, 1),
          parameter(7, -1, 1),
          parameter(8, 0.5, 2)};
}

// PReLU's gradient jumps where it bends: a gradient of 0 hides on which side rounding puts what is near it.
void silence_kinks(Problem& p, const std::vector<double>& mean, const std::vector<double>& rstd) {
  for (index_t i = 0; i < p.count(); ++i) {
    const index_t c = i % p.channels;
    if (std::abs((p.x[i] - mean[c]) * rstd[c] * p.gamma[c] + p.beta[c]) < 1e-3) p.dy[i] = 0;
  }
}

Results run_cpu(Problem& p) {
  CpuQueue queue(2);
  test::Output<double> y(p.count()), eval(p.count()), dx(p.count()), mean(p.channels), rstd(p.channels),
      dgamma(p.channels), dbeta(p.channels), dslope(p.channels);
  const double* const slope = p.has_slope ? p.slope.data() : nullptr;
  const double* const residual = p.has_residual ? p.residual.data() : nullptr;
  auto running_mean = p.running_mean, running_var = p.running_var;
  batch_norm_forward_eval(queue, BatchNormForwardEval<double>{.y = eval.data(),
                                                              .x = p.x.data(),
                                                              .running_mean = running_mean.data(),
                                                              .running_var = running_var.data(),
                                                              .gamma = p.gamma.data(),
                                                              .beta = p.beta.data(),
                                                              .slope = slope,
                                                              .residual = residual,
                                                              .rows = p.rows,
                                                              .channels = p.channels,
                                                              .eps = kEps});
  batch_norm_forward_train(queue, BatchNormForwardTrain<double>{.y = y.data(),
                                                                .mean = mean.data(),
                                                                .rstd = rstd.data(),
                                                                .running_mean = running_mean.data(),
                                                                .running_var = running_var.data(),
                                                                .x = p.x.data(),
                                                                .gamma = p.gamma.data(),
                                                                .beta = p.beta.data(),
                                                                .slope = slope,
                                                                .residual = residual,
                                                                .rows = p.rows,
                                                                .channels = p.channels,
                                                                .eps = kEps,
                                                                .momentum = kMomentum,
                                                                .updates = p.updates});
  if (slope) silence_kinks(p, mean.values(), rstd.values());
  batch_norm_backward(queue, BatchNormBackward<double>{.dx = dx.data(),
                                                       .dgamma = dgamma.data(),
                                                       .dbeta = dbeta.data(),
                                                       .dslope = slope ? dslope.data() : nullptr,
                                                       .dy = p.dy.data(),
                                                       .x = p.x.data(),
                                                       .mean = mean.data(),
                                                       .rstd = rstd.data(),
                                                       .gamma = p.gamma.data(),
                                                       .beta = p.beta.data(),
                                                       .slope = slope,
                                                       .rows = p.rows,
                                                       .channels = p.channels});
  Results results{{"y", y.values()},       {"eval", eval.values()},        {"mean", mean.values()},
                  {"rstd", rstd.values()}, {"running_mean", running_mean}, {"running_var", running_var},
                  {"dx", dx.values()},     {"dgamma", dgamma.values()},    {"dbeta", dbeta.values()}};
  if (slope) results["dslope"] = dslope.values();
  return results;
}

struct Options {
  bool in_place = false;  // outputs over inputs
  bool want_dx = true;    // else "dx" is what the array held before
  index_t misalign = 0;   // of the maps
  index_t misalign_parameters = 0;
};

template <typename T>
Results run(const Problem& p, Options options = {}) {
  CudaQueue queue;
  const DeviceArray<T> x(rounded_to<T>(p.x), options.misalign), residuals(rounded_to<T>(p.residual));
  DeviceArray<T> dy(rounded_to<T>(p.dy)), y(p.count()), eval(p.count()), dx(p.count());
  DeviceArray<T> x_to_overwrite(rounded_to<T>(p.x)), x_to_overwrite_too(rounded_to<T>(p.x));
  const DeviceArray<float> gamma(rounded_to<float>(p.gamma)),
      beta(rounded_to<float>(p.beta), options.misalign_parameters), slopes(rounded_to<float>(p.slope));
  DeviceArray<float> running_mean(rounded_to<float>(p.running_mean)),
      running_var(rounded_to<float>(p.running_var));
  DeviceArray<float> mean(p.channels), rstd(p.channels), dgamma(p.channels), dbeta(p.channels),
      dslope(p.channels);
  const float* const slope = p.has_slope ? slopes.data() : nullptr;
  const T* const residual = p.has_residual ? residuals.data() : nullptr;
  DeviceArray<T>&y_place = options.in_place ? x_to_overwrite : y,
  &eval_place = options.in_place ? x_to_overwrite_too : eval, &dx_place = options.in_place ? dy : dx;
  batch_norm_forward_eval(
      queue, BatchNormForwardEval<T>{.y = eval_place.data(),
                                     .x = options.in_place ? x_to_overwrite_too.data() : x.data(),
                                     .running_mean = running_mean.data(),
                                     .running_var = running_var.data(),
                                     .gamma = gamma.data(),
                                     .beta = beta.data(),
                                     .slope = slope,
                                     .residual = residual,
                                     .rows = p.rows,
                                     .channels = p.channels,
                                     .eps = kEps});
  batch_norm_forward_train(queue,
                           BatchNormForwardTrain<T>{.y = y_place.data(),
                                                    .mean = mean.data(),
                                                    .rstd = rstd.data(),
                                                    .running_mean = running_mean.data(),
                                                    .running_var = running_var.data(),
                                                    .x = options.in_place ? x_to_overwrite.data() : x.data(),
                                                    .gamma = gamma.data(),
                                                    .beta = beta.data(),
                                                    .slope = slope,
                                                    .residual = residual,
                                                    .rows = p.rows,
                                                    .channels = p.channels,
                                                    .eps = kEps,
                                                    .momentum = kMomentum,
                                                    .updates = p.updates});
  batch_norm_backward(queue, BatchNormBackward<T>{.dx = options.want_dx ? dx_place.data() : nullptr,
                                                  .dgamma = dgamma.data(),
                                                  .dbeta = dbeta.data(),
                                                  .dslope = slope ? dslope.data() : nullptr,
                                                  .dy = dy.data(),
                                                  .x = x.data(),
                                                  .mean = mean.data(),
                                                  .rstd = rstd.data(),
                                                  .gamma = gamma.data(),
                                                  .beta = beta.data(),
                                                  .slope = slope,
                                                  .rows = p.rows,
                                                  .channels = p.channels});
  Results results{{"y", y_place.values(queue)},
                  {"eval", eval_place.values(queue)},
                  {"mean", mean.values(queue)},
                  {"rstd", rstd.values(queue)},
                  {"running_mean", running_mean.values(queue)},
                  {"running_var", running_var.values(queue)},
                  {"dx", dx_place.values(queue)},
                  {"dgamma", dgamma.values(queue)},
                  {"dbeta", dbeta.values(queue)}};
  if (slope) results["dslope"] = dslope.values(queue);
  return results;
}

template <typename T>
void expect_close(const Results& actual, const Results& expected) {
  for (const char* name : {"y", "eval"})
    EXPECT_TRUE(close<T>(actual.at(name), expected.at(name), 1e-6)) << name;
  for (const char* name : {"mean", "rstd", "running_mean", "running_var"})
    EXPECT_TRUE(close<float>(actual.at(name), expected.at(name), 1e-6, 0.1)) << name;
  // dx is rstd times a difference of numbers near 1: with two rows little is left but their rounding.
  const auto& rstd = expected.at("rstd");
  const double scale = *std::max_element(rstd.begin(), rstd.end());
  EXPECT_TRUE(close<T>(actual.at("dx"), expected.at("dx"), 2e-6, scale));
  for (const char* name : {"dgamma", "dbeta", "dslope"})
    if (expected.count(name)) {
      EXPECT_TRUE(close<float>(actual.at(name), expected.at(name), 1e-6, 1)) << name;
    }
}

struct Sizes {
  index_t rows, channels;
};

class BatchNormCuda : public test::CudaTestWith<Sizes> {
 protected:
  template <typename T>
  void expect_agreement_with_the_cpu() {
    for (const bool slope : {false, true}) {
      auto p = random_problem<T>(GetParam().rows, GetParam().channels, slope, !slope);
      const Results expected = run_cpu(p);
      expect_close<T>(test::for_each_order([&] { return run<T>(p, {.in_place = slope}); }), expected);
      p.has_residual = !p.has_residual;
      const Results without_or_with_residual = run_cpu(p);
      expect_close<T>(run<T>(p), without_or_with_residual);
      if (!slope) continue;
      expect_close<T>(run<T>(p, {.misalign = 1}), without_or_with_residual);
      expect_close<T>(run<T>(p, {.misalign_parameters = 1}), without_or_with_residual);
    }
  }
};

TEST_P(BatchNormCuda, AgreesInFloat) { expect_agreement_with_the_cpu<float>(); }
TEST_P(BatchNormCuda, AgreesInHalf) { expect_agreement_with_the_cpu<Half>(); }

// 24 and 96 channels leave threads of a block without work; with 515 and 1032 a row needs several blocks.
INSTANTIATE_TEST_SUITE_P(Shapes, BatchNormCuda,
                         testing::Values(Sizes{2, 1}, Sizes{3, 1}, Sizes{2, 7}, Sizes{49, 71}, Sizes{2, 8},
                                         Sizes{3001, 8}, Sizes{90, 24}, Sizes{33, 96}, Sizes{784, 64},
                                         Sizes{130, 128}, Sizes{49, 512}, Sizes{5, 1032}, Sizes{9, 515}));

class BatchNormCudaEdges : public test::CudaTest {};

// So that blocks have unequal numbers of rows, the last one fewer than it has threads for, and all parts that
// the merge can take are there.
TEST_F(BatchNormCudaEdges, MoreRowsThanOneOfEachBlock) {
  for (const index_t rows : {528 * 4 + 13, 2 * 528 * 4 + 1}) {
    auto p = random_problem<Half>(rows, 127, true, false);
    const Results expected = run_cpu(p);
    expect_close<Half>(run<Half>(p), expected);
  }
}

TEST_F(BatchNormCudaEdges, RunningStatisticsMoveAsOftenAsAsked) {
  for (const int updates : {0, 1, 3}) {
    auto p = random_problem<float>(50, 5, false, false);
    p.updates = updates;
    const Results expected = run_cpu(p);
    expect_close<float>(run<float>(p), expected);
  }
}

TEST_F(BatchNormCudaEdges, AnOffsetMuchLargerThanTheSpread) {
  auto p = random_problem<float>(20'000, 8, false, false, 1000);
  const Results expected = run_cpu(p), actual = run<float>(p);
  EXPECT_TRUE(close<float>(actual.at("mean"), expected.at("mean"), 1e-7));
  EXPECT_TRUE(close<float>(actual.at("rstd"), expected.at("rstd"), 1e-6));
  EXPECT_TRUE(close<float>(actual.at("running_var"), expected.at("running_var"), 1e-6));
  // Float holds these means to 3e-5.
  EXPECT_TRUE(close<float>(actual.at("y"), expected.at("y"), 1e-4));
}

TEST_F(BatchNormCudaEdges, DxMayBeLeftOut) {
  for (const bool slope : {false, true}) {
    auto p = random_problem<Half>(90, 24, slope, false);
    const Results expected = run_cpu(p), actual = run<Half>(p, {.want_dx = false});
    for (const char* name : {"dgamma", "dbeta", "dslope"})
      if (expected.count(name)) {
        EXPECT_TRUE(close<float>(actual.at(name), expected.at(name), 1e-6, 1)) << name;
      }
    for (const double d : actual.at("dx")) EXPECT_TRUE(std::isnan(d)) << "nobody asked for it";
  }
}

TEST_F(BatchNormCudaEdges, NaNStaysInItsChannel) {
  for (const index_t channels : {5, 8}) {
    auto p = random_problem<float>(50, channels, true, true);
    p.x[7 * channels + 2] = std::numeric_limits<double>::quiet_NaN();
    const Results results = run<float>(p);
    for (index_t i = 0; i < p.count(); ++i) {
      EXPECT_EQ(std::isnan(results.at("y")[i]), i % channels == 2) << i;
      EXPECT_EQ(std::isnan(results.at("dx")[i]), i % channels == 2) << i;
      EXPECT_EQ(std::isnan(results.at("eval")[i]), i == 7 * channels + 2) << i;
    }
    EXPECT_TRUE(std::isnan(results.at("running_var")[2]));
    EXPECT_FALSE(std::isnan(results.at("running_var")[1]));
  }
}

TEST_F(BatchNormCudaEdges, PlanningAsksForTheSameScratch) {
  auto p = random_problem<Half>(784, 64, true, true);
  CudaQueue plan;
  plan.set_planning(true);
  Half* const none = nullptr;
  float* const nothing = nullptr;
  batch_norm_forward_train(plan, BatchNormForwardTrain<Half>{.y = none,
                                                             .mean = nothing,
                                                             .rstd = nothing,
                                                             .running_mean = nothing,
                                                             .running_var = nothing,
                                                             .x = none,
                                                             .gamma = nothing,
                                                             .beta = nothing,
                                                             .rows = 784,
                                                             .channels = 64});
  const std::size_t forward = plan.scratch_peak();
  EXPECT_GT(forward, 0u);
  for (const index_t misalign : {0, 1}) {
    CudaQueue queue;
    const DeviceArray<Half> x(rounded_to<Half>(p.x), misalign);
    DeviceArray<Half> y(p.count());
    const DeviceArray<float> parameters(std::vector<float>(64, 1));
    DeviceArray<float> running(std::vector<float>(64, 1)), running_too(std::vector<float>(64, 1)), mean(64),
        rstd(64);
    batch_norm_forward_train(queue, BatchNormForwardTrain<Half>{.y = y.data(),
                                                                .mean = mean.data(),
                                                                .rstd = rstd.data(),
                                                                .running_mean = running.data(),
                                                                .running_var = running_too.data(),
                                                                .x = x.data(),
                                                                .gamma = parameters.data(),
                                                                .beta = parameters.data(),
                                                                .rows = 784,
                                                                .channels = 64});
    EXPECT_EQ(queue.scratch_peak(), forward);
  }
}

}  // namespace
}  // namespace poster::kernels
