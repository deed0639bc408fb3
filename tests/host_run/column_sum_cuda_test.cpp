#include <gtest/gtest.h>

#include "kernels/matmul/matmul.h"
#include "tests/support/buffers.h"
#include "tests/support/cuda_ops.h"

namespace poster::kernels {
namespace {

using test::DeviceArray;
using test::random_values;
using test::Results;
using test::rounded_to;
using test::to_double;

struct Sizes {
  index_t rows, columns;
};

// Overwritten, and added to `before`.
template <typename T>
Results run(const Sizes& s, const std::vector<T>& x, const std::vector<float>& before, index_t misalign = 0) {
  CudaQueue queue;
  const DeviceArray<T> from(x, misalign);
  DeviceArray<float> sums(s.columns), added(before);
  ColumnSum<T> a{.out = sums.data(), .x = from.data(), .rows = s.rows, .columns = s.columns};
  column_sum(queue, a);
  a.out = added.data();
  a.accumulate = true;
  column_sum(queue, a);
  return {{"sums", sums.values(queue)}, {"added", added.values(queue)}};
}

class ColumnSumCuda : public test::CudaTestWith<Sizes> {
 protected:
  template <typename T>
  void expect_sums() {
    const Sizes s = GetParam();
    const auto x = rounded_to<T>(random_values<double>(s.rows * s.columns, 1, -1, 1.5));
    const auto before = rounded_to<float>(random_values<double>(s.columns, 2));
    std::vector<double> sums(s.columns), added = to_double(before);
    for (index_t r = 0; r < s.rows; ++r)
      for (index_t c = 0; c < s.columns; ++c) sums[c] += static_cast<double>(x[r * s.columns + c]);
    for (index_t c = 0; c < s.columns; ++c) added[c] += sums[c];
    const Results actual = test::for_each_order([&] { return run<T>(s, x, before); });
    EXPECT_TRUE(test::close<float>(actual.at("sums"), sums, 1e-6, 1));
    EXPECT_TRUE(test::close<float>(actual.at("added"), added, 1e-6, 1));
    EXPECT_EQ(run<T>(s, x, before, 1), actual) << "the alignment changes bits";
  }
};

TEST_P(ColumnSumCuda, InFloat) { expect_sums<float>(); }
TEST_P(ColumnSumCuda, InHalf) { expect_sums<Half>(); }

INSTANTIATE_TEST_SUITE_P(Shapes, ColumnSumCuda,
                         testing::Values(Sizes{1, 1}, Sizes{0, 16}, Sizes{77, 1}, Sizes{5, 7}, Sizes{1000, 9},
                                         Sizes{300, 768}, Sizes{2050, 64}, Sizes{9, 520}, Sizes{1, 264},
                                         Sizes{20'003, 8}));

class ColumnSumCudaEdges : public test::CudaTest {};

// Row after row in one float would miss the tolerance.
TEST_F(ColumnSumCudaEdges, ManyRows) {
  const Sizes s{40'000, 8};
  std::vector<float> x(s.rows * s.columns, 1.0f / 3);
  const auto sums = run<float>(s, x, std::vector<float>(s.columns)).at("sums");
  EXPECT_TRUE(test::close<float>(sums, std::vector<double>(s.columns, 40'000.0 * (1.0f / 3)), 1e-6));
}

TEST_F(ColumnSumCudaEdges, NaNStaysInItsColumn) {
  const Sizes s{1000, 16};
  std::vector<float> x(s.rows * s.columns, 1);
  x[700 * s.columns + 3] = std::numeric_limits<float>::quiet_NaN();
  const auto sums = run<float>(s, x, std::vector<float>(s.columns)).at("sums");
  for (index_t c = 0; c < s.columns; ++c)
    if (c == 3)
      EXPECT_TRUE(std::isnan(sums[c]));
    else
      EXPECT_EQ(sums[c], 1000);
}

// A dry run asks for the same scratch, whatever the pointers.
TEST_F(ColumnSumCudaEdges, PlanningTellsTheScratch) {
  const Sizes s{3000, 24};
  CudaQueue planned, run;
  planned.set_planning(true);
  column_sum(planned, ColumnSum<Half>{.out = nullptr, .x = nullptr, .rows = s.rows, .columns = s.columns});
  const DeviceArray<Half> x(std::vector<Half>(s.rows * s.columns, Half(1.0f)), 1);
  DeviceArray<float> out(s.columns);
  column_sum(run, ColumnSum<Half>{.out = out.data(), .x = x.data(), .rows = s.rows, .columns = s.columns});
  EXPECT_EQ(out.values(run), std::vector<double>(s.columns, 3000));
  EXPECT_GT(run.scratch_peak(), 0u);
  EXPECT_EQ(planned.scratch_peak(), run.scratch_peak());
}

}  // namespace
}  // namespace poster::kernels
