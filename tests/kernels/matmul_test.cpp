#include "kernels/matmul/matmul.h"

#include <gtest/gtest.h>

#include <tuple>

#include "tests/support/buffers.h"
#include "tests/support/compare.h"

namespace poster::kernels {
namespace {

using test::Output;
using test::random_values;

struct Sizes {
  index_t m, n, k;
};

struct Options {
  bool transpose_a, transpose_b, bias, accumulate;
};

// A product whose rows lie further apart than they are long, and its plain evaluation in double.
template <typename T>
struct Problem {
  Problem(Sizes s, Options o) : sizes(s), options(o) {
    lda = (o.transpose_a ? s.m : s.k) + 3;
    ldb = (o.transpose_b ? s.k : s.n) + 1;
    ldc = s.n + 2;
    a = random_values<T>((o.transpose_a ? s.k : s.m) * lda, 1);
    b = random_values<T>((o.transpose_b ? s.n : s.k) * ldb, 2);
    bias = random_values<T>(s.n, 3);
    before = random_values<T>(s.m * ldc, 4);
  }

  std::vector<T> run(int threads) const {
    CpuQueue queue(threads);
    Output<T> c(sizes.m * ldc);
    // Between the rows stands what must not be touched.
    for (index_t i = 0; i < sizes.m; ++i)
      for (index_t j = 0; j < ldc; ++j)
        if (options.accumulate || j >= sizes.n) c.data()[i * ldc + j] = before[i * ldc + j];
    matmul(queue, Matmul<T>{.c = c.data(),
                            .a = a.data(),
                            .b = b.data(),
                            .bias = options.bias ? bias.data() : nullptr,
                            .m = sizes.m,
                            .n = sizes.n,
                            .k = sizes.k,
                            .lda = lda,
                            .ldb = ldb,
                            .ldc = ldc,
                            .transpose_a = options.transpose_a,
                            .transpose_b = options.transpose_b,
                            .accumulate = options.accumulate});
    return c.values();
  }

  std::vector<double> expected() const {
    std::vector<double> c(before.begin(), before.end());
    for (index_t i = 0; i < sizes.m; ++i)
      for (index_t j = 0; j < sizes.n; ++j) {
        double sum = (options.bias ? bias[j] : 0.0) + (options.accumulate ? before[i * ldc + j] : 0.0);
        for (index_t l = 0; l < sizes.k; ++l)
          sum += static_cast<double>(options.transpose_a ? a[l * lda + i] : a[i * lda + l]) *
                 static_cast<double>(options.transpose_b ? b[j * ldb + l] : b[l * ldb + j]);
        c[i * ldc + j] = sum;
      }
    return c;
  }

  Sizes sizes;
  Options options;
  index_t lda, ldb, ldc;
  std::vector<T> a, b, bias, before;
};

class MatmulTest : public testing::TestWithParam<std::tuple<Sizes, int>> {
 protected:
  Sizes sizes() const { return std::get<0>(GetParam()); }
  Options options() const {
    const int bits = std::get<1>(GetParam());
    return {(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0};
  }
};

TEST_P(MatmulTest, AgreesWithPlainSums) {
  const Problem<float> f(sizes(), options());
  const Problem<double> d(sizes(), options());
  POSTER_EXPECT_CLOSE(f.run(2), f.expected(), 2e-6);
  POSTER_EXPECT_CLOSE(d.run(2), d.expected(), 1e-13);
}

TEST_P(MatmulTest, IsTheSameForAnyNumberOfThreads) {
  const Problem<float> f(sizes(), options());
  const auto one = f.run(1);
  EXPECT_EQ(one, f.run(2));
  EXPECT_EQ(one, f.run(3));
}

INSTANTIATE_TEST_SUITE_P(Sizes, MatmulTest,
                         testing::Combine(testing::Values(Sizes{1, 1, 1}, Sizes{1, 37, 70}, Sizes{2, 768, 96},
                                                          Sizes{3, 8, 7}, Sizes{4, 12, 77}, Sizes{5, 4, 1031},
                                                          Sizes{3, 5, 7}, Sizes{5, 33, 129}, Sizes{6, 16, 8},
                                                          Sizes{13, 17, 19}, Sizes{71, 29, 541},
                                                          Sizes{148, 101, 96}, Sizes{31, 1, 33},
                                                          Sizes{17, 23, 3001}, Sizes{64, 128, 1568}),
                                          testing::Range(0, 16)));

TEST(MatmulTest, AnEmptySumLeavesTheBias) {
  CpuQueue queue(1);
  const std::vector<double> bias{1, 2, 3};
  Output<double> c(6);
  matmul(queue, Matmul<double>{.c = c.data(),
                               .a = nullptr,
                               .b = nullptr,
                               .bias = bias.data(),
                               .m = 2,
                               .n = 3,
                               .k = 0,
                               .lda = 1,
                               .ldb = 3,
                               .ldc = 3});
  EXPECT_EQ(c.values(), (std::vector<double>{1, 2, 3, 1, 2, 3}));
}

class ColumnSumTest : public testing::TestWithParam<std::tuple<index_t, index_t>> {};

TEST_P(ColumnSumTest, AgreesWithPlainSums) {
  const auto [rows, columns] = GetParam();
  const auto x = random_values<float>(rows * columns, 1), before = random_values<float>(columns, 2);
  std::vector<double> sums(columns, 0.0), added(before.begin(), before.end());
  for (index_t r = 0; r < rows; ++r)
    for (index_t c = 0; c < columns; ++c) {
      sums[c] += x[r * columns + c];
      added[c] += x[r * columns + c];
    }
  std::vector<std::vector<float>> results;
  for (int threads : {1, 2, 3}) {
    CpuQueue queue(threads);
    Output<float> out(columns);
    column_sum(queue, ColumnSum<float>{.out = out.data(), .x = x.data(), .rows = rows, .columns = columns});
    POSTER_EXPECT_CLOSE(out.values(), sums, 5e-6);
    results.push_back(out.values());
    std::copy(before.begin(), before.end(), out.data());
    column_sum(queue,
               ColumnSum<float>{
                   .out = out.data(), .x = x.data(), .rows = rows, .columns = columns, .accumulate = true});
    POSTER_EXPECT_CLOSE(out.values(), added, 5e-6);
  }
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

INSTANTIATE_TEST_SUITE_P(Sizes, ColumnSumTest,
                         testing::Combine(testing::Values(1, 7, 1184, 5000), testing::Values(1, 7, 64, 71)));

}  // namespace
}  // namespace poster::kernels
