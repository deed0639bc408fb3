#include "kernels/prelu/prelu.h"

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
  index_t rows, channels;
  bool has_slope;
  std::vector<double> x, dy, slope;
};

template <typename T>
Problem random_problem(index_t rows, index_t channels, bool slope) {
  auto map = [&](std::uint64_t seed) {
    return to_double(rounded_to<T>(random_values<double>(rows * channels, seed)));
  };
  Problem p{rows, channels, slope, map(1), map(2), to_double(random_values<float>(channels, 3, -0.5, 1))};
  for (std::size_t i = 0; i < p.x.size(); i += 13) p.x[i] = 0;  // the slope's side
  return p;
}

Results run_cpu(const Problem& p) {
  CpuQueue queue(2);
  test::Output<double> y(p.rows * p.channels), dx(p.rows * p.channels), dslope(p.channels);
  const double* const slope = p.has_slope ? p.slope.data() : nullptr;
  prelu_forward(queue,
                PReluForward<double>{
                    .y = y.data(), .x = p.x.data(), .slope = slope, .rows = p.rows, .channels = p.channels});
  prelu_backward(queue, PReluBackward<double>{.dx = dx.data(),
                                              .dslope = slope ? dslope.data() : nullptr,
                                              .dy = p.dy.data(),
                                              .x = p.x.data(),
                                              .slope = slope,
                                              .rows = p.rows,
                                              .channels = p.channels});
  Results results{{"y", y.values()}, {"dx", dx.values()}};
  if (slope) results["dslope"] = dslope.values();
  return results;
}

struct Options {
  bool in_place = false;
  index_t misalign = 0, misalign_slope = 0;
};

template <typename T>
Results run(const Problem& p, Options options = {}) {
  CudaQueue queue;
  const index_t n = p.rows * p.channels;
  const DeviceArray<float> slopes(rounded_to<float>(p.slope), options.misalign_slope);
  DeviceArray<T> x(rounded_to<T>(p.x), options.misalign), dy(rounded_to<T>(p.dy)), y(n), dx(n);
  DeviceArray<float> dslope(p.channels);
  const float* const slope = p.has_slope ? slopes.data() : nullptr;
  DeviceArray<T>&dx_place = options.in_place ? dy : dx, &y_place = options.in_place ? x : y;
  prelu_backward(queue, PReluBackward<T>{.dx = dx_place.data(),
                                         .dslope = slope ? dslope.data() : nullptr,
                                         .dy = dy.data(),
                                         .x = x.data(),
                                         .slope = slope,
                                         .rows = p.rows,
                                         .channels = p.channels});
  prelu_forward(
      queue, PReluForward<T>{
                 .y = y_place.data(), .x = x.data(), .slope = slope, .rows = p.rows, .channels = p.channels});
  Results results{{"y", y_place.values(queue)}, {"dx", dx_place.values(queue)}};
  if (slope) results["dslope"] = dslope.values(queue);
  return results;
}

template <typename T>
void expect_close(const Results& actual, const Results& expected) {
  EXPECT_TRUE(close<T>(actual.at("y"), expected.at("y"), 1e-7));
  EXPECT_TRUE(close<T>(actual.at("dx"), expected.at("dx"), 1e-7));
  if (expected.count("dslope")) {
    EXPECT_TRUE(close<float>(actual.at("dslope"), expected.at("dslope"), 1e-6, 1));
  }
}

struct Sizes {
  index_t rows, channels;
};

class PReluCuda : public test::CudaTestWith<Sizes> {
 protected:
  template <typename T>
  void expect_agreement_with_the_cpu() {
    for (const bool slope : {false, true}) {
      const auto p = random_problem<T>(GetParam().rows, GetParam().channels, slope);
      const Results expected = run_cpu(p);
      for (const bool in_place : {false, true})
        expect_close<T>(test::for_each_order([&] { return run<T>(p, {.in_place = in_place}); }), expected);
      expect_close<T>(run<T>(p, {.misalign = 1}), expected);
      expect_close<T>(run<T>(p, {.misalign_slope = 1}), expected);
    }
  }
};

TEST_P(PReluCuda, AgreesInFloat) { expect_agreement_with_the_cpu<float>(); }
TEST_P(PReluCuda, AgreesInHalf) { expect_agreement_with_the_cpu<Half>(); }

// 24 and 96 channels leave threads of a block without work; with 2056 a row needs several blocks.
INSTANTIATE_TEST_SUITE_P(Shapes, PReluCuda,
                         testing::Values(Sizes{1, 1}, Sizes{5, 1}, Sizes{3, 7}, Sizes{1, 8}, Sizes{49, 71},
                                         Sizes{1000, 8}, Sizes{300, 24}, Sizes{196, 64}, Sizes{70, 96},
                                         Sizes{98, 128}, Sizes{29, 512}, Sizes{5, 2056}, Sizes{3, 1030}));

class PReluCudaEdges : public test::CudaTest {};

TEST_F(PReluCudaEdges, MoreRowsThanOneOfEachBlock) {
  const auto p = random_problem<Half>(264 * 4 + 13, 251, true);
  expect_close<Half>(run<Half>(p), run_cpu(p));
}

TEST_F(PReluCudaEdges, NaNAndInfinity) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const bool slope : {false, true}) {
    auto p = random_problem<float>(4, 8, slope);
    p.x[9] = std::numeric_limits<double>::quiet_NaN();
    p.x[10] = -infinity;
    p.x[11] = infinity;
    p.slope[2] = 0.5;
    const auto y = run<float>(p).at("y");
    for (int i = 0; i < 32; ++i) EXPECT_EQ(std::isnan(y[i]), i == 9) << i;
    EXPECT_EQ(y[10], slope ? -infinity : 0);
    EXPECT_EQ(y[11], infinity);
  }
}

TEST_F(PReluCudaEdges, PlanningAsksForTheSameScratch) {
  CudaQueue plan, queue;
  plan.set_planning(true);
  PReluBackward<float> backward{.dx = nullptr,
                                .dslope = nullptr,
                                .dy = nullptr,
                                .x = nullptr,
                                .slope = nullptr,
                                .rows = 300,
                                .channels = 24};
  prelu_backward(plan, backward);
  DeviceArray<float> map(std::vector<float>(300 * 24, 1)), slope(std::vector<float>(24, 1)), dslope(24);
  backward.dx = map.data();
  backward.dy = backward.x = map.data();
  backward.slope = slope.data();
  backward.dslope = dslope.data();
  prelu_backward(queue, backward);
  EXPECT_GT(plan.scratch_peak(), 0u);
  EXPECT_EQ(queue.scratch_peak(), plan.scratch_peak());
}

TEST_F(PReluCudaEdges, NoRows) {
  const Results results = run<float>(random_problem<float>(0, 64, true));
  EXPECT_EQ(results.at("dslope"), std::vector<double>(64, 0));
}

}  // namespace
}  // namespace poster::kernels
