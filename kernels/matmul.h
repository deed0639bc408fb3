// Matrix product. Row-major; op(X) is X or its transpose.
//
//   C[m, n] = op(A)[m, k] op(B)[k, n] (+ bias[n]) (+ C when accumulate)
//
// Linear layers (y = x Wᵀ + b, W [out, in]) are: forward B = W transposed; input gradient A = dy, B = W;
// weight gradient A = dy transposed, B = x. Deterministic: the order of every sum depends on the sizes alone.
#pragma once

#include "kernels/cpu_queue.h"

namespace poster::kernels {

template <typename T>
struct Matmul {
  T* c;                     // [m, n], rows ldc apart
  const T* a;               // [m, k], or [k, m] when transpose_a; rows lda apart
  const T* b;               // [k, n], or [n, k] when transpose_b; rows ldb apart
  const T* bias = nullptr;  // [n]
  index_t m, n, k;
  index_t lda, ldb, ldc;
  bool transpose_a = false;
  bool transpose_b = false;
  bool accumulate = false;
};

template <typename T>
void matmul(CpuQueue&, const Matmul<T>&);

// out[c] = sum over rows of x[r, c] (+ out[c] when accumulate): the bias gradient of a linear layer or
// convolution.
template <typename T>
struct ColumnSum {
  T* out;      // [columns]
  const T* x;  // [rows, columns]
  index_t rows, columns;
  bool accumulate = false;
};

template <typename T>
void column_sum(CpuQueue&, const ColumnSum<T>&);

}  // namespace poster::kernels
