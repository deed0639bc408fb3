#include "kernels/gelu/gelu.h"

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
  index_t count, columns;  // 0 columns: no bias
  std::vector<double> x, dy, bias;
};

template <typename T>
Problem random_problem(index_t count, index_t columns) {
  auto map = [&](std::uint64_t seed, double size) {
    return to_double(rounded_to<T>(random_values<double>(count, seed, -size, size)));
  };
  return {count, columns, map(1, 4), map(2, 1), to_double(random_values<float>(columns, 3, -1, 1))};
}

Results run_cpu(const Problem& p) {
  CpuQueue queue(2);
  test::Output<double> y(p.count), dx(p.count);
  const double* const bias = p.columns ? p.bias.data() : nullptr;
  gelu_forward(queue,
               GeluForward<double>{
                   .y = y.data(), .x = p.x.data(), .bias = bias, .count = p.count, .columns = p.columns});
  gelu_backward(queue, GeluBackward<double>{.dx = dx.data(),
                                            .dy = p.dy.data(),
                                            .x = p.x.data(),
                                            .bias = bias,
                                            .count = p.count,
                                            .columns = p.columns});
  return {{"y", y.values()}, {"dx", dx.values()}};
}

template <typename T>
Results run(const Problem& p, bool in_place = false, index_t misalign = 0, index_t misalign_bias = 0) {
  CudaQueue queue;
  DeviceArray<T> x(rounded_to<T>(p.x), misalign), dy(rounded_to<T>(p.dy)), y(p.count), dx(p.count);
  const DeviceArray<float> bias(rounded_to<float>(p.bias), misalign_bias);
  const float* const bias_or_null = p.columns ? bias.data() : nullptr;
  DeviceArray<T>&dx_place = in_place ? dy : dx, &y_place = in_place ? x : y;
  gelu_backward(queue, GeluBackward<T>{.dx = dx_place.data(),
                                       .dy = dy.data(),
                                       .x = x.data(),
                                       .bias = bias_or_null,
                                       .count = p.count,
                                       .columns = p.columns});
  gelu_forward(
      queue,
      GeluForward<T>{
          .y = y_place.data(), .x = x.data(), .bias = bias_or_null, .count = p.count, .columns = p.columns});
  return {{"y", y_place.values(queue)}, {"dx", dx_place.values(queue)}};
}

template <typename T>
void expect_close(const Results& actual, const Results& expected) {
  for (const char* name : {"y", "dx"}) EXPECT_TRUE(close<T>(actual.at(name), expected.at(name), 1e-6, 0.1));
}

struct Sizes {
  index_t count, columns;
};

class GeluCuda : public test::CudaTestWith<Sizes> {
 protected:
  template <typename T>
  void expect_agreement_with_the_cpu() {
    const auto p = random_problem<T>(GetParam().count, GetParam().columns);
    const Results expected = run_cpu(p);
    for (const bool in_place : {false, true})
      expect_close<T>(test::for_each_order([&] { return run<T>(p, in_place); }), expected);
    expect_close<T>(run<T>(p, false, 1), expected);
    expect_close<T>(run<T>(p, false, 0, 1), expected);
  }
};

TEST_P(GeluCuda, AgreesInFloat) { expect_agreement_with_the_cpu<float>(); }
TEST_P(GeluCuda, AgreesInHalf) { expect_agreement_with_the_cpu<Half>(); }

INSTANTIATE_TEST_SUITE_P(Sizes, GeluCuda,
                         testing::Values(Sizes{1, 0}, Sizes{7, 0}, Sizes{8, 0}, Sizes{2053, 0},
                                         Sizes{20'001, 0}, Sizes{1, 1}, Sizes{35, 7}, Sizes{12, 12},
                                         Sizes{71 * 29, 71}, Sizes{3 * 3072, 3072}, Sizes{50 * 64, 64}));

class GeluCudaEdges : public test::CudaTest {};

TEST_F(GeluCudaEdges, FarOutAndNaN) {
  Problem p{4, 0, {-60'000, 60'000, std::numeric_limits<double>::quiet_NaN(), 1}, {1, 1, 1, 1}, {}};
  const Results results = run<Half>(p);
  EXPECT_EQ(results.at("y")[0], 0);
  EXPECT_EQ(results.at("y")[1], 60'000);
  EXPECT_TRUE(std::isnan(results.at("y")[2]));
  EXPECT_EQ(results.at("dx")[0], 0);
  EXPECT_EQ(results.at("dx")[1], 1);
  EXPECT_TRUE(std::isnan(results.at("dx")[2]));
}

TEST_F(GeluCudaEdges, Nothing) { EXPECT_TRUE(run<float>(Problem{0, 0, {}, {}, {}}).at("y").empty()); }

}  // namespace
}  // namespace poster::kernels
