// The matrix product inside one thread that larger kernels are made of (convolution, attention). To be
// included by *cpu.cpp files only: everything lives in the namespace of the instruction set.
#pragma once

#include "kernels/cpu/gemm_pack.h"

namespace poster::kernels::POSTER_ISA {

inline constexpr index_t kBlockColumns = 512;  // columns of B that gemm_serial packs at a time

// Elements of scratch that gemm_serial needs for these sizes.
template <typename T>
index_t gemm_scratch(index_t m, index_t n, index_t k) {
  const index_t block_k = std::min(k, kBlockK);
  return round_up(packed_b_size<T>(block_k, std::min(n, kBlockColumns)), 16) +
         packed_a_size<T>(std::min(m, kBlockRows), block_k);
}

// Where a product goes: rows `row` elements apart, overwritten or added to.
template <typename T>
struct ProductView {
  T* p;
  index_t row;
  bool add = false;
};

// C[m, n] = alpha A[m, k] B[k, n] (+ C when c.add).
template <typename T>
void gemm_serial(index_t m, index_t n, index_t k, T alpha, MatrixView<T> a, MatrixView<T> b, ProductView<T> c,
                 T* scratch) {
  if (k <= 0) {
    for (index_t i = 0; i < m && !c.add; ++i) std::fill_n(c.p + i * c.row, n, T(0));
    return;
  }
  const index_t part_k = std::min(k, even_part(k, kBlockK, 8));
  T* const packed_b = scratch;
  T* const packed_a =
      scratch + round_up(packed_b_size<T>(std::min(k, kBlockK), std::min(n, kBlockColumns)), 16);
  for (index_t j = 0; j < n; j += kBlockColumns) {
    const index_t columns = std::min(kBlockColumns, n - j);
    for (index_t l = 0; l < k; l += part_k) {
      const index_t depth = std::min(part_k, k - l);
      pack_b(depth, columns, {b.p + l * b.row + j * b.column, b.row, b.column}, packed_b);
      const Epilogue<T> end{.alpha = alpha, .add = c.add || l > 0};
      for (index_t i = 0; i < m; i += kBlockRows) {
        const index_t rows = std::min(kBlockRows, m - i);
        with_rows_of_a<T>(rows, depth, {a.p + i * a.row + l * a.column, a.row, a.column}, packed_a,
                          [&](auto a_tile) {
                            multiply_block<T>(
                                rows, columns, a_tile, packed_b, depth * kTileColumns<T>,
                                [&](index_t r) { return c.p + (i + r) * c.row + j; }, end);
                          });
      }
    }
  }
}

}  // namespace poster::kernels::POSTER_ISA
