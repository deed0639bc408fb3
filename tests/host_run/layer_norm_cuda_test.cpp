#include "kernels/layer_norm/layer_norm.h"

#include <gtest/gtest.h>

#include "tests/support/buffers.h"
#include "tests/support/cuda_ops.h"

namespace poster::kernels {
namespace {

using test::close;
using test::DeviceArray;
using test::Results;
using test::rounded_to;
using test::to_double;

// The op's inputs, as double; run<T> rounds maps to T and parameters to float.
struct Problem {
  index_t rows, columns;
  std::vector<double> x, gamma, beta, dy, dx_add;
};

Problem random_problem(index_t rows, index_t columns) {
  using test::random_values;
  return {rows,
          columns,
          random_values<double>(rows * columns, 1, -1, 2),
          random_values<double>(columns, 2, 0.5, 1.5),
          random_values<double>(columns, 3),
          random_values<double>(rows * columns, 4),
          random_values<double>(rows * columns, 5)};
}

// What the kernel for T sees.
template <typename T>
Problem rounded(const Problem& p) {
  auto map = [](const auto& v) { return to_double(rounded_to<T>(v)); };
  auto parameter = [](const auto& v) { return to_double(rounded_to<acc_t<T>>(v)); };
  return {p.rows, p.columns, map(p.x), parameter(p.gamma), parameter(p.beta), map(p.dy), map(p.dx_add)};
}

Results run_cpu(const Problem& p, bool add) {
  CpuQueue queue(2);
  const index_t n = p.rows * p.columns;
  test::Output<double> y(n), mean(p.rows), rstd(p.rows), dx(n), dgamma(p.columns), dbeta(p.columns);
  layer_norm_forward(queue, LayerNormForward<double>{.y = y.data(),
                                                     .mean = mean.data(),
                                                     .rstd = rstd.data(),
                                                     .x = p.x.data(),
                                                     .gamma = p.gamma.data(),
                                                     .beta = p.beta.data(),
                                                     .rows = p.rows,
                                                     .columns = p.columns,
                                                     .eps = 1e-6});
  layer_norm_backward(queue, LayerNormBackward<double>{.dx = dx.data(),
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
  return {{"y", y.values()},   {"mean", mean.values()},     {"rstd", rstd.values()},
          {"dx", dx.values()}, {"dgamma", dgamma.values()}, {"dbeta", dbeta.values()}};
}

enum class Place { separate, over_dy, over_add };

template <typename T>
Results run(const Problem& p, bool add, Place place = Place::separate, index_t misalign = 0) {
  CudaQueue queue;
  const index_t n = p.rows * p.columns;
  const DeviceArray<T> x(rounded_to<T>(p.x), misalign);
  const DeviceArray<float> gamma(rounded_to<float>(p.gamma)), beta(rounded_to<float>(p.beta));
  DeviceArray<T> dy(rounded_to<T>(p.dy)), dx_add(rounded_to<T>(p.dx_add));
  DeviceArray<T> y(n), dx(n);
  DeviceArray<float> mean(p.rows), rstd(p.rows), dgamma(p.columns), dbeta(p.columns);
  layer_norm_forward(queue, LayerNormForward<T>{.y = y.data(),
                                                .mean = mean.data(),
                                                .rstd = rstd.data(),
                                                .x = x.data(),
                                                .gamma = gamma.data(),
                                                .beta = beta.data(),
                                                .rows = p.rows,
                                                .columns = p.columns,
                                                .eps = 1e-6});
  DeviceArray<T>& result = place == Place::over_dy ? dy : place == Place::over_add ? dx_add : dx;
  layer_norm_backward(queue, LayerNormBackward<T>{.dx = result.data(),
                                                  .dx_add = add ? dx_add.data() : nullptr,
                                                  .dgamma = dgamma.data(),
                                                  .dbeta = dbeta.data(),
                                                  .dy = dy.data(),
                                                  .x = x.data(),
                                                  .mean = mean.data(),
                                                  .rstd = rstd.data(),
                                                  .gamma = gamma.data(),
                                                  .rows = p.rows,
                                                  .columns = p.columns});
  return {{"y", y.values(queue)},       {"mean", mean.values(queue)},     {"rstd", rstd.values(queue)},
          {"dx", result.values(queue)}, {"dgamma", dgamma.values(queue)}, {"dbeta", dbeta.values(queue)}};
}

template <typename T>
void expect_close(const Results& actual, const Results& expected) {
  auto at = [](const Results& r, const char* name) { return r.at(name); };
  EXPECT_TRUE(close<T>(at(actual, "y"), at(expected, "y"), 1e-6));
  EXPECT_TRUE(close<float>(at(actual, "mean"), at(expected, "mean"), 1e-6));
  EXPECT_TRUE(close<float>(at(actual, "rstd"), at(expected, "rstd"), 1e-6));
  // dx is rstd times a difference of numbers near 1: with one column nothing is left but their rounding.
  const auto rstd = at(expected, "rstd");
  const double scale = *std::max_element(rstd.begin(), rstd.end());
  EXPECT_TRUE(close<T>(at(actual, "dx"), at(expected, "dx"), 1e-6, scale));
  EXPECT_TRUE(close<float>(at(actual, "dgamma"), at(expected, "dgamma"), 1e-6, 1));
  EXPECT_TRUE(close<float>(at(actual, "dbeta"), at(expected, "dbeta"), 1e-6, 1));
}

struct Sizes {
  index_t rows, columns;
  friend void PrintTo(const Sizes& s, std::ostream* out) { *out << s.rows << "x" << s.columns; }
};

class LayerNormCuda : public test::CudaTestWith<Sizes> {
 protected:
  template <typename T>
  void expect_agreement_with_the_cpu() {
    const Problem p = rounded<T>(random_problem(GetParam().rows, GetParam().columns));
    for (const bool add : {false, true})
      expect_close<T>(test::for_each_order([&] { return run<T>(p, add); }), run_cpu(p, add));
  }
};

TEST_P(LayerNormCuda, AgreesInFloat) { expect_agreement_with_the_cpu<float>(); }
TEST_P(LayerNormCuda, AgreesInHalf) { expect_agreement_with_the_cpu<Half>(); }

INSTANTIATE_TEST_SUITE_P(Shapes, LayerNormCuda,
                         testing::Values(Sizes{1, 1}, Sizes{5, 1}, Sizes{3, 7}, Sizes{37, 71}, Sizes{1, 8},
                                         Sizes{37, 64}, Sizes{150, 128}, Sizes{70, 192}, Sizes{19, 256},
                                         Sizes{17, 384}, Sizes{33, 768}, Sizes{3, 1024}, Sizes{2, 1032},
                                         Sizes{2, 1500}));

class LayerNormCudaEdges : public test::CudaTest {};

TEST_F(LayerNormCudaEdges, MoreRowsThanOnePassOfAllBlocks) {
  const Problem p = rounded<Half>(random_problem(528 * 32 + 7, 8));
  expect_close<Half>(run<Half>(p, true), run_cpu(p, true));
}

TEST_F(LayerNormCudaEdges, MisalignedRows) {
  const Problem p = rounded<Half>(random_problem(5, 64));
  expect_close<Half>(run<Half>(p, true, Place::separate, 1), run_cpu(p, true));
}

TEST_F(LayerNormCudaEdges, OutputsMayBeInputs) {
  for (const index_t columns : {64, 65}) {
    const Problem p = rounded<Half>(random_problem(70, columns));
    for (const bool add : {false, true})
      expect_close<Half>(test::for_each_order([&] { return run<Half>(p, add, Place::over_dy); }),
                         run_cpu(p, add));
    expect_close<Half>(test::for_each_order([&] { return run<Half>(p, true, Place::over_add); }),
                       run_cpu(p, true));
  }
}

TEST_F(LayerNormCudaEdges, StatisticsMayBeLeftOut) {
  const Problem p = rounded<float>(random_problem(9, 64));
  CudaQueue queue;
  const DeviceArray<float> x(rounded_to<float>(p.x)), gamma(rounded_to<float>(p.gamma)),
      beta(rounded_to<float>(p.beta));
  DeviceArray<float> y(9 * 64);
  LayerNormForward<float> forward{.y = y.data(),
                                  .mean = nullptr,
                                  .rstd = nullptr,
                                  .x = x.data(),
                                  .gamma = gamma.data(),
                                  .beta = beta.data(),
                                  .rows = 9,
                                  .columns = 64,
                                  .eps = 1e-6};
  layer_norm_forward(queue, forward);
  EXPECT_EQ(y.values(queue), run<float>(p, false).at("y"));
}

TEST_F(LayerNormCudaEdges, AnOffsetMuchLargerThanTheSpread) {
  Problem p = random_problem(4, 256);
  for (double& v : p.x) v += 1000;
  p = rounded<float>(p);
  // Float holds numbers near 1000 to 3e-5, their mean to a few times that.
  EXPECT_TRUE(close<float>(run<float>(p, false).at("y"), run_cpu(p, false).at("y"), 4e-4));
}

TEST_F(LayerNormCudaEdges, NaNStaysInItsRow) {
  for (const index_t columns : {32, 33}) {
    Problem p = random_problem(5, columns);
    p.x[2 * columns + 4] = std::numeric_limits<double>::quiet_NaN();
    const Results results = run<float>(p, false);
    for (index_t i = 0; i < 5 * columns; ++i) {
      EXPECT_EQ(std::isnan(results.at("y")[i]), i / columns == 2) << i;
      EXPECT_EQ(std::isnan(results.at("dx")[i]), i / columns == 2) << i;
    }
    EXPECT_TRUE(std::isnan(results.at("dgamma")[0]));
  }
}

TEST_F(LayerNormCudaEdges, NoRows) {
  const Results results = run<float>(random_problem(0, 64), false);
  EXPECT_EQ(results.at("dgamma"), std::vector<double>(64, 0));
}

}  // namespace
}  // namespace poster::kernels
