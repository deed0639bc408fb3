// Matrix product. Row-major; op(X) is X or its transpose.
//
//   C[m, n] = op(A)[m, k] op(B)[k, n] (+ bias[n]) (+ C when accumulate)
//
// Linear layers (y = x Wᵀ + b, W [out, in]) are: forward B = W transposed; input gradient A = dy, B = W;
// weight gradient A = dy transposed, B = x, a_sums = bias gradient. Deterministic: the order of every sum
// depends on the sizes alone.
#pragma once

#include "kernels/cpu_queue.h"
#include "kernels/cuda_queue.h"

namespace poster::kernels {

// Out is float where T is Half and C a gradient of weights.
template <typename T, typename Out = T>
struct Matmul {
  Out* c;                   // [m, n], rows ldc apart
  const T* a;               // [m, k], or [k, m] when transpose_a; rows lda apart
  const T* b;               // [k, n], or [n, k] when transpose_b; rows ldb apart
  const T* bias = nullptr;  // [n]
  Out* a_sums = nullptr;    // [m], the sum of each row of op(A), overwritten: the gradient of a bias. Needs
                            // transpose_a and lda = m
  index_t m, n, k;
  index_t lda, ldb, ldc;
  bool transpose_a = false;
  bool transpose_b = false;
  bool accumulate = false;
};

template <typename T>
void matmul(CpuQueue&, const Matmul<T>&);
template <typename T, typename Out>
void matmul(CudaQueue&, const Matmul<T, Out>&);

// out[c] = sum over rows of x[r, c] (+ out[c] when accumulate): the bias gradient of a linear layer or
// convolution.
template <typename T>
struct ColumnSum {
  acc_t<T>* out;  // [columns]
  const T* x;     // [rows, columns]
  index_t rows, columns;
  bool accumulate = false;
};

template <typename T>
void column_sum(CpuQueue&, const ColumnSum<T>&);
template <typename T>
void column_sum(CudaQueue&, const ColumnSum<T>&);

}  // namespace poster::kernels
