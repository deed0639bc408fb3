// Of CUDA: on the simulator the stand-in of cuBLASLt, in ops_calls_test our calls to it, on a GPU itself.
#include "kernels/matmul/matmul.h"

#include "tests/ops/suite/op_test.h"

namespace poster::test {
namespace {

using kernels::Matmul;

void reference(const Matmul<double>& p) {
  const auto a = [&](index_t i, index_t l) {
    return p.transpose_a ? p.a[l * p.lda + i] : p.a[i * p.lda + l];
  };
  const auto b = [&](index_t l, index_t j) {
    return p.transpose_b ? p.b[j * p.ldb + l] : p.b[l * p.ldb + j];
  };
  for (index_t i = 0; i < p.m; ++i) {
    for (index_t j = 0; j < p.n; ++j) {
      double sum = (p.bias ? p.bias[j] : 0) + (p.accumulate ? p.c[i * p.ldc + j] : 0);
      for (index_t l = 0; l < p.k; ++l) sum += a(i, l) * b(l, j);
      p.c[i * p.ldc + j] = sum;
    }
    if (!p.a_sums) continue;
    p.a_sums[i] = 0;
    for (index_t l = 0; l < p.k; ++l) p.a_sums[i] += a(i, l);
  }
}

const bool added = [] {
  // Tensor cores exceed float's own error a little.
  AddOpTest<Matmul<double>, Matmul<float>, Matmul<Half>, Matmul<Half, float>> op(
      {.reference = reference, .tolerance = 2e-6, .cuda_tolerance = 5e-5});
  struct Sizes {
    index_t m, n, k;
  };
  // Rows further apart than they are long; sizes of each of the CPU's paths: few rows, tiles, k in parts.
  const auto add = [&](Sizes s, int bits, bool gaps) {
    const bool transpose_a = (bits & 1) != 0, transpose_b = (bits & 2) != 0, accumulate = (bits & 4) != 0;
    op.add({.m = s.m,
            .n = s.n,
            .k = s.k,
            .lda = (transpose_a ? s.m : s.k) + (gaps ? 3 : 0),
            .ldb = (transpose_b ? s.k : s.n) + (gaps ? 8 : 0),
            .ldc = s.n + (gaps ? 5 : 0),
            .transpose_a = transpose_a,
            .transpose_b = transpose_b,
            .accumulate = accumulate},
           // Where cuBLASLt doesn't add the bias it is in C before, and the sum is rounded.
           {.floors = {{"c", 1}, {"a_sums", 1}}, .half_tolerance = accumulate ? 1. / 2048 : 0});
  };
  for (int bits = 0; bits < 8; ++bits) {
    for (const bool gaps : {false, true})
      for (const Sizes s : {Sizes{1, 1, 1}, Sizes{3, 8, 7}, Sizes{6, 16, 8}, Sizes{13, 17, 19},
                            Sizes{40, 24, 32}, Sizes{5, 7, 0}, Sizes{0, 7, 3}})
        add(s, bits, gaps);
    for (const Sizes s :
         {Sizes{1, 37, 70}, Sizes{2, 768, 96}, Sizes{4, 12, 77}, Sizes{5, 4, 1031}, Sizes{31, 1, 33},
          Sizes{71, 29, 541}, Sizes{148, 101, 96}, Sizes{17, 23, 3001}, Sizes{64, 128, 1568}})
      add(s, bits, true);
  }
  op.refuses({.m = 2, .n = 3, .k = 4, .lda = 3, .ldb = 3, .ldc = 3}, "rows of a overlap");
  op.refuses({.m = 2, .n = 3, .k = 4, .lda = 4, .ldb = 3, .ldc = 3}, "a_sums needs transpose_a");
  return true;
}();

}  // namespace
}  // namespace poster::test
