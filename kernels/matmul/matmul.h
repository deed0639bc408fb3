// Matrix product. Row-major; op(X) is X or its transpose.
//
//   C[m, n] = op(A)[m, k] op(B)[k, n] (+ bias[n]) (+ C when accumulate)
//
// Linear layers (y = x Wᵀ + b, W [out, in]) are: forward B = W transposed; input gradient A = dy, B = W;
// weight gradient A = dy transposed, B = x, a_sums = bias gradient. Deterministic: the order of every sum
// depends on the sizes alone.
#pragma once

#include "kernels/op.h"

namespace poster::kernels {

// Out is float where T is Half and C a gradient of weights.
template <typename T, typename Out = T>
struct Matmul {
  static constexpr const char* name = "matmul";
  Out* c;      // rows ldc apart
  const T* a;  // rows lda apart
  const T* b;  // rows ldb apart
  const T* bias = nullptr;
  Out* a_sums = nullptr;  // the sum of each row of op(A): the gradient of a bias
  index_t m, n, k;
  index_t lda, ldb, ldc;
  bool transpose_a = false;
  bool transpose_b = false;
  bool accumulate = false;

  constexpr void operands(OperandTable& table) const {
    table.out("c", c, {m, n}).rows_apart(ldc).added(accumulate);
    table.in("a", a, {transpose_a ? k : m, transpose_a ? m : k}).rows_apart(lda);
    table.in("b", b, {transpose_b ? n : k, transpose_b ? k : n}).rows_apart(ldb);
    table.in("bias", bias, {n}).optional();
    table.out("a_sums", a_sums, {m}).optional();
    table.require(!a_sums || std::is_same_v<Out, acc_t<T>>, "a_sums are kept in float alone");
    table.require(!a_sums || (transpose_a && lda == m), "a_sums needs transpose_a and lda = m");
  }
  constexpr double flops() const {
    return 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  }
};

}  // namespace poster::kernels
