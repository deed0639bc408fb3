// The matrix product inside one thread that larger kernels are made of (convolution, attention). To be
// included by
// *_cpu.cpp files only: everything lives in the namespace of the instruction set.
#pragma once

#include "kernels/cpu_queue.h"

namespace poster::kernels::POSTER_ISA {

// A strided matrix: element (i, j) is p[i row + j column].
template <typename T>
struct MatrixView {
  const T* p;
  index_t row, column;
};

// Elements of scratch that gemm_serial needs for these sizes.
template <typename T>
index_t gemm_scratch(index_t, index_t, index_t) {
  return 0;
}

// C[m, n] (rows ldc apart) = alpha A[m, k] B[k, n] (+ C when accumulate).
template <typename T>
void gemm_serial(index_t m, index_t n, index_t k, T alpha, MatrixView<T> a, MatrixView<T> b, T* c,
                 index_t ldc, bool accumulate, T* scratch) {
  (void)scratch;
  for (index_t i = 0; i < m; ++i)
    for (index_t j = 0; j < n; ++j) {
      T sum = 0;
      for (index_t l = 0; l < k; ++l) sum += a.p[i * a.row + l * a.column] * b.p[l * b.row + j * b.column];
      c[i * ldc + j] = alpha * sum + (accumulate ? c[i * ldc + j] : T(0));
    }
}

}  // namespace poster::kernels::POSTER_ISA
