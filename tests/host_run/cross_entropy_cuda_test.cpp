#include "kernels/cross_entropy/cross_entropy.h"

#include <gtest/gtest.h>

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

struct Problem {
  index_t batch, classes;
  double smoothing, weight;
  std::vector<double> x;
  std::vector<std::int32_t> labels;
};

template <typename T>
Problem random_problem(index_t batch, index_t classes, double smoothing = 0.1, double weight = 1) {
  Problem p{batch,
            classes,
            smoothing,
            weight,
            to_double(rounded_to<T>(random_values<double>(batch * classes, 1, -5, 5))),
            {}};
  for (index_t n = 0; n < batch; ++n) p.labels.push_back(static_cast<std::int32_t>(n * 7 % classes));
  return p;
}

Results run_cpu(const Problem& p, double dx_scale = 1) {
  CpuQueue queue(2);
  test::Output<double> losses(p.batch), dx(p.batch * p.classes);
  cross_entropy(queue, CrossEntropy<double>{.losses = losses.data(),
                                            .dx = dx.data(),
                                            .x = p.x.data(),
                                            .labels = p.labels.data(),
                                            .batch = p.batch,
                                            .classes = p.classes,
                                            .smoothing = p.smoothing,
                                            .weight = p.weight,
                                            .dx_scale = &dx_scale});
  return {{"losses", losses.values()}, {"dx", dx.values()}};
}

struct Options {
  double dx_scale = 0;  // 0: null
  bool dx = true, in_place = false;
};

template <typename T>
Results run(const Problem& p, Options options = {}) {
  CudaQueue queue;
  DeviceArray<T> x(rounded_to<T>(p.x)), dx(p.batch * p.classes);
  const DeviceArray<std::int32_t> labels(p.labels);
  const DeviceArray<double> dx_scale(std::vector<double>{options.dx_scale});
  DeviceArray<float> losses(p.batch);
  DeviceArray<T>& place = options.in_place ? x : dx;
  cross_entropy(queue, CrossEntropy<T>{.losses = losses.data(),
                                       .dx = options.dx ? place.data() : nullptr,
                                       .x = x.data(),
                                       .labels = labels.data(),
                                       .batch = p.batch,
                                       .classes = p.classes,
                                       .smoothing = p.smoothing,
                                       .weight = p.weight,
                                       .dx_scale = options.dx_scale != 0 ? dx_scale.data() : nullptr});
  return {{"losses", losses.values(queue)}, {"dx", place.values(queue)}};
}

template <typename T>
void expect_close(const Results& actual, const Results& expected) {
  EXPECT_TRUE(close<float>(actual.at("losses"), expected.at("losses"), 1e-6, 1));
  // Of one class the gradient is 0, and its float's rounding is that of numbers near 1.
  EXPECT_TRUE(close<T>(actual.at("dx"), expected.at("dx"), 1e-6, actual.at("losses").size() == 1 ? 1 : 1e-3));
}

struct Sizes {
  index_t batch, classes;
};

class CrossEntropyCuda : public test::CudaTestWith<Sizes> {
 protected:
  template <typename T>
  void expect_agreement_with_the_cpu() {
    for (const double smoothing : {0.0, 0.1}) {
      const auto p = random_problem<T>(GetParam().batch, GetParam().classes, smoothing, 0.75);
      for (const bool in_place : {false, true})
        expect_close<T>(test::for_each_order([&] { return run<T>(p, {.in_place = in_place}); }), run_cpu(p));
      expect_close<T>(run<T>(p, {.dx_scale = 4}), run_cpu(p, 4));
    }
  }
};

TEST_P(CrossEntropyCuda, AgreesInFloat) { expect_agreement_with_the_cpu<float>(); }
TEST_P(CrossEntropyCuda, AgreesInHalf) { expect_agreement_with_the_cpu<Half>(); }

INSTANTIATE_TEST_SUITE_P(Sizes, CrossEntropyCuda,
                         testing::Values(Sizes{1, 1}, Sizes{1, 7}, Sizes{64, 7}, Sizes{9, 8}, Sizes{5, 33},
                                         Sizes{3, 1000}));

class CrossEntropyCudaEdges : public test::CudaTest {};

TEST_F(CrossEntropyCudaEdges, WithoutGradient) {
  const auto p = random_problem<float>(9, 7);
  const Results results = run<float>(p, {.dx = false});
  EXPECT_EQ(results.at("losses"), run<float>(p).at("losses"));
  for (const double d : results.at("dx")) EXPECT_TRUE(std::isnan(d)) << "nobody asked for it";
}

TEST_F(CrossEntropyCudaEdges, ALossScaleThatHalfCannotHold) {
  auto p = random_problem<Half>(2, 7);
  p.x.assign(14, 0);
  const Results results = run<Half>(p, {.dx_scale = 16'777'216});
  for (const double d : results.at("dx")) EXPECT_TRUE(std::isinf(d)) << d;
}

TEST_F(CrossEntropyCudaEdges, LargeLogitsDoNotOverflow) {
  auto p = random_problem<float>(2, 3, 0);
  p.x = {1000, -1000, 0, -1000, -1000, -1000};
  p.labels = {0, 2};
  EXPECT_TRUE(close<float>(run<float>(p).at("losses"), {0, std::log(3.0)}, 1e-6));
}

TEST_F(CrossEntropyCudaEdges, NaNStaysInItsSample) {
  for (const index_t at : {0, 3, 6}) {
    auto p = random_problem<float>(3, 7);
    p.x[7 + at] = std::numeric_limits<double>::quiet_NaN();
    const Results results = run<float>(p);
    for (int n = 0; n < 3; ++n) EXPECT_EQ(std::isnan(results.at("losses")[n]), n == 1);
    for (int i = 0; i < 21; ++i) EXPECT_EQ(std::isnan(results.at("dx")[i]), i / 7 == 1) << i;
  }
}

}  // namespace
}  // namespace poster::kernels
