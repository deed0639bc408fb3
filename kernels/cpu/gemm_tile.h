// The register tile of every matrix product on the CPU, and the loop over tiles. To be included by *cpu.cpp
// files only.
//
// A tile is kTileRows rows by two vectors of C, held in registers while k runs; after Goto & van de Geijn,
// "Anatomy of High-Performance Matrix Multiplication" (ACM TOMS 2008). B comes packed in panels: a panel is
// the tile's columns, k after k. A is read one element at a time and spread over a vector, so that rows which
// are contiguous in k (activations, pixels of an N H W C map) need no packing.
#pragma once

#include <algorithm>
#include <type_traits>

#include "kernels/cpu_queue.h"

namespace poster::kernels::POSTER_ISA {

#if defined(__AVX512F__)
inline constexpr int kVectorBytes = 64;
inline constexpr int kTileRows = 12;
inline constexpr index_t kBlockK = 256;  // depth of a panel that stays in the first-level cache
#elif defined(__AVX2__)
inline constexpr int kVectorBytes = 32;
inline constexpr int kTileRows = 6;
inline constexpr index_t kBlockK = 384;
#else
inline constexpr int kVectorBytes = 16;
inline constexpr int kTileRows = 6;
inline constexpr index_t kBlockK = 384;
#endif
inline constexpr index_t kBlockRows = 96;  // rows of A that stay in the second-level cache

template <typename T>
struct Simd {
  typedef T Vector __attribute__((vector_size(kVectorBytes)));
  typedef T Unaligned __attribute__((vector_size(kVectorBytes), aligned(alignof(T)), may_alias));
  static constexpr int width = kVectorBytes / static_cast<int>(sizeof(T));
};

template <typename T>
using Vector = typename Simd<T>::Vector;
template <typename T>
inline constexpr int kWidth = Simd<T>::width;
template <typename T>
inline constexpr index_t kTileColumns = index_t{2} * Simd<T>::width;

template <typename T>
inline Vector<T> load(const T* p) {
  return *reinterpret_cast<const typename Simd<T>::Unaligned*>(p);
}
template <typename T>
inline void store(T* p, Vector<T> v) {
  *reinterpret_cast<typename Simd<T>::Unaligned*>(p) = v;
}

// Parts of equal size (but for the last) that cover `count`, each at most `largest`.
constexpr index_t even_part(index_t count, index_t largest, index_t multiple) {
  const index_t parts = std::max<index_t>(1, ceil_div(count, largest));
  return std::max<index_t>(multiple, round_up(ceil_div(count, parts), multiple));
}

// Where a tile finds its rows of A. `row(segment, i)` points to k = 0 of row i in a stretch of k; consecutive
// k are kStep apart.
template <typename T>
struct StridedRows {
  static constexpr index_t kStep = 1;
  const T* p;
  index_t row_stride, length;
  index_t segments() const { return 1; }
  const T* row(index_t, int i) const { return p + i * row_stride; }
};

template <typename T>
struct PackedRows {  // k after k, kTileRows values each
  static constexpr index_t kStep = kTileRows;
  const T* p;
  index_t length;
  index_t segments() const { return 1; }
  const T* row(index_t, int i) const { return p + i; }
};

template <typename T>
struct IndirectRows {  // one pointer for each row and segment, segments apart by segment_stride pointers
  static constexpr index_t kStep = 1;
  const T* const* rows;
  index_t segment_stride, segment_count, offset, length;
  index_t segments() const { return segment_count; }
  const T* row(index_t segment, int i) const { return rows[segment * segment_stride + i] + offset; }
};

// What happens to a tile's sums: c = alpha sum (+ bias) (+ c).
template <typename T>
struct Epilogue {
  T alpha = 1;
  const T* bias = nullptr;
  bool add = false;
};

template <int kRows, typename T, typename Rows, typename RowOfC>
__attribute__((noinline)) void multiply_tile(const Rows a, const T* b, index_t b_step, RowOfC c_row,
                                             index_t columns, const Epilogue<T> end) {
  using V = Vector<T>;
  constexpr index_t w = kWidth<T>;
  V sum[kRows][2] = {};
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) __builtin_prefetch(c_row(i), 1);
  const index_t segments = a.segments(), length = a.length;
  for (index_t segment = 0; segment < segments; ++segment) {
    const T* row[kRows];
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) row[i] = a.row(segment, i);
#pragma GCC unroll 2
    for (index_t l = 0; l < length; ++l) {
      const V b0 = load(b), b1 = load(b + w);
      b += b_step;
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) {
        const T value = row[i][l * Rows::kStep];
        sum[i][0] += value * b0;
        sum[i][1] += value * b1;
      }
    }
  }
  if (columns >= 2 * w) {
    V bias0 = {}, bias1 = {};
    if (end.bias) bias0 = load(end.bias), bias1 = load(end.bias + w);
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      T* c = c_row(i);
      V c0 = end.alpha * sum[i][0] + bias0, c1 = end.alpha * sum[i][1] + bias1;
      if (end.add) c0 += load(c), c1 += load(c + w);
      store(c, c0);
      store(c + w, c1);
    }
    return;
  }
  T ragged[kRows][2 * w];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
    store(ragged[i], sum[i][0]);
    store(ragged[i] + w, sum[i][1]);
  }
  for (int i = 0; i < kRows; ++i) {
    T* c = c_row(i);
    for (index_t j = 0; j < columns; ++j) {
      T value = end.alpha * ragged[i][j] + (end.bias ? end.bias[j] : T(0));
      c[j] = end.add ? value + c[j] : value;
    }
  }
}

// Calls f with std::integral_constant<int, rows>, 1 <= rows <= kMax.
template <int kMax, typename F>
inline void with_rows(index_t rows, const F& f) {
  if constexpr (kMax == 1) {
    f(std::integral_constant<int, 1>{});
  } else {
    if (rows >= kMax)
      f(std::integral_constant<int, kMax>{});
    else
      with_rows<kMax - 1>(rows, f);
  }
}

// All tiles of a block: a_tile(i) gives the rows from i on, b is the first panel and panels lie panel_stride
// apart, c_row(i) is row i of C at the block's first column. One panel of B meets all rows before the next.
template <typename T, typename TileOfA, typename RowOfC>
void multiply_block(index_t rows, index_t columns, const TileOfA& a_tile, const T* b, index_t panel_stride,
                    const RowOfC& c_row, Epilogue<T> end) {
  for (index_t j = 0; j < columns; j += kTileColumns<T>) {
    for (index_t i = 0; i < rows; i += kTileRows) {
      with_rows<kTileRows>(rows - i, [&](auto tile_rows) {
        multiply_tile<tile_rows, T>(
            a_tile(i), b, kTileColumns<T>, [&, i, j](int r) { return c_row(i + r) + j; }, columns - j, end);
      });
    }
    b += panel_stride;
    if (end.bias) end.bias += kTileColumns<T>;
  }
}

}  // namespace poster::kernels::POSTER_ISA
