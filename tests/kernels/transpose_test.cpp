#include "kernels/transpose/transpose.h"

#include <gtest/gtest.h>

#include "tests/support/buffers.h"
#include "tests/support/compare.h"
#include "tests/support/numeric_gradient.h"
#include "tests/support/threads.h"

namespace poster::kernels {
namespace {

struct Sizes {
  index_t batch, rows, columns, padding, out_gap, x_gap;  // gaps behind each row
  index_t out_stride() const { return rows + padding + out_gap; }
  index_t x_stride() const { return columns + x_gap; }
  index_t out_count() const { return batch * columns * out_stride(); }
  index_t x_count() const { return batch * rows * x_stride(); }
};

template <typename T>
std::vector<T> run(CpuQueue& queue, const Sizes& s, const std::vector<T>& x) {
  test::Output<T> out(s.out_count());
  transpose(queue, Transpose<T>{.out = out.data(),
                                .x = x.data(),
                                .batch = s.batch,
                                .rows = s.rows,
                                .columns = s.columns,
                                .out_batch = s.columns * s.out_stride(),
                                .x_batch = s.rows * s.x_stride(),
                                .out_stride = s.out_stride(),
                                .x_stride = s.x_stride(),
                                .padding = s.padding});
  return out.values();
}

class TransposeTest : public testing::TestWithParam<Sizes> {
 protected:
  template <typename T>
  void check() {
    const Sizes s = GetParam();
    const auto x = test::random_values<T>(s.x_count(), 1);
    CpuQueue queue(2);
    const auto out = run(queue, s, x);
    for (index_t b = 0; b < s.batch; ++b)
      for (index_t c = 0; c < s.columns; ++c)
        for (index_t r = 0; r < s.out_stride(); ++r) {
          const T value = out[(b * s.columns + c) * s.out_stride() + r];
          if (r < s.rows)
            ASSERT_EQ(value, x[(b * s.rows + r) * s.x_stride() + c]) << b << " " << c << " " << r;
          else if (r < s.rows + s.padding)
            ASSERT_EQ(value, 0) << b << " " << c << " " << r;
          else
            ASSERT_TRUE(std::isnan(value)) << "written between the rows";
        }
  }
};

TEST_P(TransposeTest, MovesEveryElementInDouble) { check<double>(); }
TEST_P(TransposeTest, MovesEveryElementInFloat) { check<float>(); }

// What backward does with the gradient: the same op with rows and columns swapped.
TEST_P(TransposeTest, TheTransposeOfTheGradientIsTheGradient) {
  const Sizes s = GetParam();
  auto x = test::random_values<double>(s.x_count(), 1);
  const auto weights = test::random_values<double>(s.batch * s.columns * s.rows, 2);
  CpuQueue queue(1);
  const std::function<double()> loss = [&] {
    const auto out = run(queue, s, x);
    double sum = 0;
    for (index_t row = 0; row < s.batch * s.columns; ++row)
      for (index_t r = 0; r < s.rows; ++r) sum += weights[row * s.rows + r] * out[row * s.out_stride() + r];
    return sum;
  };
  const Sizes back{s.batch, s.columns, s.rows, 0, 0, 0};
  const auto dx = run(queue, back, weights);
  const auto elements = test::spread_elements(s.batch * s.rows * s.columns, 12);
  std::vector<std::size_t> in_x;
  for (const std::size_t e : elements) in_x.push_back(e / s.columns * s.x_stride() + e % s.columns);
  POSTER_EXPECT_CLOSE(test::picked(dx, elements), test::numeric_gradient(x, loss, in_x), 1e-8);
}

INSTANTIATE_TEST_SUITE_P(Shapes, TransposeTest,
                         testing::Values(Sizes{1, 1, 1, 0, 0, 0}, Sizes{2, 50, 65, 0, 50, 0},
                                         Sizes{3, 33, 31, 0, 0, 7}, Sizes{2, 64, 1, 0, 0, 9},
                                         Sizes{2, 1, 70, 9, 0, 0}, Sizes{1, 32, 32, 1, 1, 1},
                                         Sizes{5, 7, 100, 0, 3, 2}));

TEST(TransposeEdges, SameForAnyNumberOfThreadsAndNothingForNoImages) {
  const Sizes s{4, 50, 129, 3, 0, 0};
  const auto x = test::random_values<float>(s.x_count(), 3);
  test::expect_same_for_any_threads([&](CpuQueue& queue) { return run(queue, s, x); });
  CpuQueue queue(1);
  EXPECT_TRUE(run<float>(queue, {0, 5, 5, 0, 0, 0}, {}).empty());
}

}  // namespace
}  // namespace poster::kernels
