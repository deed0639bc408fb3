#include "kernels/softmax/softmax.h"

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
  index_t rows, columns, bias_rows;  // no bias rows: no bias
  double scale;
  bool has_mask;
  std::vector<double> x, bias, y, dy;  // y: what backward is given
  std::vector<std::uint8_t> mask;
};

template <typename T>
Problem random_problem(index_t rows, index_t columns, index_t bias_rows = 0, bool mask = false,
                       double scale = 0.5) {
  auto map = [&](std::uint64_t seed, double low, double high) {
    return to_double(rounded_to<T>(random_values<double>(rows * columns, seed, low, high)));
  };
  Problem p{rows,
            columns,
            bias_rows,
            scale,
            mask,
            map(1, -6, 6),
            to_double(random_values<float>(bias_rows * columns, 2, -2, 2)),
            map(3, 0, 1),
            map(4, -1, 1),
            {}};
  // Leaves out about a third, and never a whole row.
  const auto chance = random_values<double>(rows * columns, 5, 0, 1);
  for (index_t i = 0; i < rows * columns; ++i)
    p.mask.push_back(chance[i] < 0.33 && i % columns != i / columns % columns ? 0 : 1 + i % 255);
  return p;
}

Results run_cpu(const Problem& p) {
  CpuQueue queue(2);
  test::Output<double> y(p.rows * p.columns), dx(p.rows * p.columns);
  softmax_forward(queue, SoftmaxForward<double>{.y = y.data(),
                                                .x = p.x.data(),
                                                .bias = p.bias_rows ? p.bias.data() : nullptr,
                                                .mask = p.has_mask ? p.mask.data() : nullptr,
                                                .rows = p.rows,
                                                .columns = p.columns,
                                                .bias_rows = std::max<index_t>(1, p.bias_rows),
                                                .scale = p.scale});
  softmax_backward(queue, SoftmaxBackward<double>{.dx = dx.data(),
                                                  .dy = p.dy.data(),
                                                  .y = p.y.data(),
                                                  .rows = p.rows,
                                                  .columns = p.columns,
                                                  .scale = p.scale});
  return {{"y", y.values()}, {"dx", dx.values()}};
}

struct Options {
  bool in_place = false;
  index_t misalign = 0, misalign_bias = 0, misalign_mask = 0;
};

template <typename T>
Results run(const Problem& p, Options options = {}) {
  CudaQueue queue;
  const index_t n = p.rows * p.columns;
  DeviceArray<T> x(rounded_to<T>(p.x), options.misalign), dy(rounded_to<T>(p.dy), options.misalign), y(n),
      dx(n);
  const DeviceArray<T> given_y(rounded_to<T>(p.y));
  const DeviceArray<float> bias(rounded_to<float>(p.bias), options.misalign_bias);
  const DeviceArray<std::uint8_t> mask(p.mask, options.misalign_mask);
  DeviceArray<T>&y_place = options.in_place ? x : y, &dx_place = options.in_place ? dy : dx;
  softmax_forward(queue, SoftmaxForward<T>{.y = y_place.data(),
                                           .x = x.data(),
                                           .bias = p.bias_rows ? bias.data() : nullptr,
                                           .mask = p.has_mask ? mask.data() : nullptr,
                                           .rows = p.rows,
                                           .columns = p.columns,
                                           .bias_rows = std::max<index_t>(1, p.bias_rows),
                                           .scale = p.scale});
  softmax_backward(queue, SoftmaxBackward<T>{.dx = dx_place.data(),
                                             .dy = dy.data(),
                                             .y = given_y.data(),
                                             .rows = p.rows,
                                             .columns = p.columns,
                                             .scale = p.scale});
  return {{"y", y_place.values(queue)}, {"dx", dx_place.values(queue)}};
}

template <typename T>
void expect_close(const Results& actual, const Results& expected) {
  EXPECT_TRUE(close<T>(actual.at("y"), expected.at("y"), 2e-6));
  EXPECT_TRUE(close<T>(actual.at("dx"), expected.at("dx"), 2e-6));
}

struct Sizes {
  index_t rows, columns;
};

class SoftmaxCuda : public test::CudaTestWith<Sizes> {
 protected:
  template <typename T>
  void expect_agreement_with_the_cpu() {
    struct Case {
      index_t bias_rows;
      bool mask;
    };
    for (const Case c : {Case{0, false}, Case{1, false}, Case{0, true}, Case{3, true}}) {
      const auto p = random_problem<T>(GetParam().rows, GetParam().columns, c.bias_rows, c.mask);
      const Results expected = run_cpu(p);
      const bool in_place = c.bias_rows == 3;
      expect_close<T>(test::for_each_order([&] { return run<T>(p, {.in_place = in_place}); }), expected);
      if (!in_place) continue;
      expect_close<T>(run<T>(p, {.misalign = 1}), expected);
      expect_close<T>(run<T>(p, {.misalign_bias = 1}), expected);
      expect_close<T>(run<T>(p, {.misalign_mask = 1}), expected);
    }
  }
};

TEST_P(SoftmaxCuda, AgreesInFloat) { expect_agreement_with_the_cpu<float>(); }
TEST_P(SoftmaxCuda, AgreesInHalf) { expect_agreement_with_the_cpu<Half>(); }

// Every way in which the kernels split a row, also just before and after the next is taken, and longer rows
// than they hold.
INSTANTIATE_TEST_SUITE_P(Shapes, SoftmaxCuda,
                         testing::Values(Sizes{1, 1}, Sizes{40, 1}, Sizes{70, 7}, Sizes{5, 8}, Sizes{3, 9},
                                         Sizes{35, 15}, Sizes{3, 17}, Sizes{17, 29}, Sizes{2, 33},
                                         Sizes{21, 49}, Sizes{9, 64}, Sizes{2, 65}, Sizes{2, 129},
                                         Sizes{12, 148}, Sizes{11, 197}, Sizes{7, 256}, Sizes{2, 257},
                                         Sizes{2, 264}, Sizes{3, 384}, Sizes{2, 513}, Sizes{2, 516},
                                         Sizes{2, 520}, Sizes{3, 541}, Sizes{5, 784}, Sizes{2, 1024},
                                         Sizes{2, 1023}, Sizes{3, 1029}));

class SoftmaxCudaEdges : public test::CudaTest {};

TEST_F(SoftmaxCudaEdges, LargeValuesDoNotOverflow) {
  auto p = random_problem<float>(1, 6, 0, false, 1);
  p.x = {80, -80, 300, -1000, 1000, 1000};
  EXPECT_EQ(run<float>(p).at("y"), (std::vector<double>{0, 0, 0, 0, 0.5, 0.5}));
}

// Each row takes its own maximum, though lanes of a warp may have several rows.
TEST_F(SoftmaxCudaEdges, RowsFarApart) {
  for (const index_t columns : {7, 16, 64, 100}) {
    auto p = random_problem<float>(9, columns);
    for (index_t i = 0; i < 9 * columns; ++i) p.x[i] += static_cast<float>(500 * (i / columns % 3));
    p.x = to_double(rounded_to<float>(p.x));
    EXPECT_TRUE(close<float>(run<float>(p).at("y"), run_cpu(p).at("y"), 2e-6));
  }
}

TEST_F(SoftmaxCudaEdges, BiasAndMaskDecide) {
  const double infinity = std::numeric_limits<double>::infinity();
  auto p = random_problem<float>(2, 4, 1, true, 1);
  p.x = {0, 0, 0, 0, 2000, 1, 1, -infinity};
  p.bias = {-1000, 0, 0, -infinity};
  p.mask = {1, 1, 1, 1, 0, 1, 1, 1};
  EXPECT_EQ(run<float>(p).at("y"), (std::vector<double>{0, 0.5, 0.5, 0, 0, 0.5, 0.5, 0}));
}

TEST_F(SoftmaxCudaEdges, NaNAndARowWithNothingLeftStayInTheirRow) {
  for (const index_t columns : {16, 17, 1050}) {
    auto p = random_problem<float>(5, columns, 2, true);
    p.x[columns + 5] = std::numeric_limits<double>::quiet_NaN();
    p.mask[columns + 5] = 1;
    for (index_t c = 0; c < columns; ++c) p.mask[3 * columns + c] = 0;
    const auto y = run<float>(p).at("y");
    for (index_t i = 0; i < 5 * columns; ++i)
      ASSERT_EQ(std::isnan(y[i]), i / columns == 1 || i / columns == 3) << i;
  }
}

TEST_F(SoftmaxCudaEdges, NoRows) { EXPECT_TRUE(run<float>(random_problem<float>(0, 7)).at("y").empty()); }

}  // namespace
}  // namespace poster::kernels
