// The product inside one thread, as this test's own compilation makes it.
#define POSTER_ISA isa_of_test
#include "kernels/cpu/gemm.h"

#include <gtest/gtest.h>

#include <tuple>

#include "tests/support/buffers.h"
#include "tests/support/compare.h"

namespace poster::kernels {
namespace {

using isa_of_test::gemm_scratch;
using isa_of_test::gemm_serial;
using isa_of_test::MatrixView;
using test::Output;
using test::random_values;

struct Sizes {
  index_t m, n, k;
};

class GemmSerial : public testing::TestWithParam<std::tuple<Sizes, int>> {};

// Views of every kind: rows apart, columns apart, and both (a head of a wider tensor).
TEST_P(GemmSerial, AgreesWithPlainSums) {
  const auto [s, kind] = GetParam();
  const bool accumulate = (kind & 1) != 0;
  const index_t step_a = (kind & 2) != 0 ? 3 : 1, step_b = (kind & 4) != 0 ? 2 : 1;
  const bool transpose_a = (kind & 8) != 0, transpose_b = (kind & 16) != 0;
  const index_t lda = step_a * (transpose_a ? s.m : s.k) + 1, ldb = step_b * (transpose_b ? s.k : s.n) + 5;
  const index_t ldc = s.n + 1;
  const auto a = random_values<double>((transpose_a ? s.k : s.m) * lda, 1);
  const auto b = random_values<double>((transpose_b ? s.n : s.k) * ldb, 2);
  const auto before = random_values<double>(s.m * ldc, 3);
  const MatrixView<double> va =
      transpose_a ? MatrixView<double>{a.data(), step_a, lda} : MatrixView<double>{a.data(), lda, step_a};
  const MatrixView<double> vb =
      transpose_b ? MatrixView<double>{b.data(), step_b, ldb} : MatrixView<double>{b.data(), ldb, step_b};
  Output<double> c(s.m * ldc), scratch(gemm_scratch<double>(s.m, s.n, s.k));
  std::copy(before.begin(), before.end(), c.data());
  gemm_serial<double>(s.m, s.n, s.k, 0.5, va, vb, {c.data(), ldc, accumulate}, scratch.data());

  std::vector<double> expected = before;
  for (index_t i = 0; i < s.m; ++i)
    for (index_t j = 0; j < s.n; ++j) {
      double sum = 0;
      for (index_t l = 0; l < s.k; ++l)
        sum += va.p[i * va.row + l * va.column] * vb.p[l * vb.row + j * vb.column];
      expected[i * ldc + j] = 0.5 * sum + (accumulate ? before[i * ldc + j] : 0.0);
    }
  POSTER_EXPECT_CLOSE(c.values(), expected, 1e-13);
}

INSTANTIATE_TEST_SUITE_P(Sizes, GemmSerial,
                         testing::Combine(testing::Values(Sizes{1, 1, 1}, Sizes{1, 7, 32}, Sizes{13, 4, 5},
                                                          Sizes{49, 49, 32}, Sizes{100, 29, 401},
                                                          Sizes{7, 530, 9}, Sizes{148, 96, 148}),
                                          testing::Range(0, 32)));

}  // namespace
}  // namespace poster::kernels
