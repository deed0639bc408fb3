// Matrix products at the network's own sizes against Eigen's, which shares nothing with ours.
#include <gtest/gtest.h>

#include <Eigen/Core>

#include "kernels/matmul/matmul.h"
#include "tests/support/buffers.h"
#include "tests/support/compare.h"

namespace poster::kernels {
namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct Case {
  const char* what;
  index_t m, n, k;
  bool transpose_a, transpose_b;
};

class MatmulEigen : public testing::TestWithParam<Case> {};

template <typename T>
double error(const Case& p) {
  const auto a = test::random_values<T>(p.m * p.k, 1), b = test::random_values<T>(p.k * p.n, 2);
  test::Output<T> c(p.m * p.n);
  CpuQueue queue(2);
  run(queue, Matmul<T>{.c = c.data(),
                       .a = a.data(),
                       .b = b.data(),
                       .m = p.m,
                       .n = p.n,
                       .k = p.k,
                       .lda = p.transpose_a ? p.m : p.k,
                       .ldb = p.transpose_b ? p.k : p.n,
                       .ldc = p.n,
                       .transpose_a = p.transpose_a,
                       .transpose_b = p.transpose_b});
  const auto matrix = [](const std::vector<T>& values, index_t rows, index_t columns, bool transpose) {
    const std::vector<double> wide(values.begin(), values.end());
    const Eigen::Map<const RowMajor> stored(wide.data(), transpose ? columns : rows,
                                            transpose ? rows : columns);
    return transpose ? RowMajor(stored.transpose()) : RowMajor(stored);
  };
  const RowMajor product = matrix(a, p.m, p.k, p.transpose_a) * matrix(b, p.k, p.n, p.transpose_b);
  return test::relative_error(c.values(),
                              std::vector<double>(product.data(), product.data() + product.size()));
}

TEST_P(MatmulEigen, Agrees) {
  SCOPED_TRACE(GetParam().what);
  EXPECT_LE(error<double>(GetParam()), 1e-13);
  EXPECT_LE(error<float>(GetParam()), 2e-6);
}

INSTANTIATE_TEST_SUITE_P(Network, MatmulEigen,
                         testing::Values(Case{"fc1", 148, 3072, 768, false, true},
                                         Case{"fc2", 148, 768, 3072, false, true},
                                         Case{"fc1 input gradient", 148, 768, 3072, false, false},
                                         Case{"fc1 weight gradient", 3072, 768, 148, true, false},
                                         Case{"level 1 weight gradient", 256, 64, 3136, true, false},
                                         Case{"head", 1, 7, 768, false, true}));

}  // namespace
}  // namespace poster::kernels
