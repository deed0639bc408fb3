// Packing of matrix operands into the panels that kernels/cpu/gemm_tile.h reads. To be included by *cpu.cpp
// files only.
#pragma once

#include <utility>

#include "kernels/cpu/gemm_tile.h"

namespace poster::kernels::POSTER_ISA {

// A strided matrix: element (i, j) is p[i row + j column].
template <typename T>
struct MatrixView {
  const T* p;
  index_t row, column;
};

template <typename T, int kHalf, int... kLane>
inline void transpose_step(Vector<T>& a, Vector<T>& b, std::integer_sequence<int, kLane...>) {
  constexpr int w = kWidth<T>;
  const Vector<T> low = __builtin_shufflevector(a, b, ((kLane & kHalf) == 0 ? kLane : w + kLane - kHalf)...);
  b = __builtin_shufflevector(a, b, ((kLane & kHalf) == 0 ? kLane + kHalf : w + kLane)...);
  a = low;
}

// Transposes a square of registers, halves exchanged from the whole down to single lanes.
template <typename T, int kHalf = kWidth<T> / 2>
inline void transpose_vectors(Vector<T> (&v)[kWidth<T>]) {
  if constexpr (kHalf > 0) {
#pragma GCC unroll 16
    for (int i = 0; i < kWidth<T>; ++i)
      if ((i & kHalf) == 0)
        transpose_step<T, kHalf>(v[i], v[i + kHalf], std::make_integer_sequence<int, kWidth<T>>{});
    transpose_vectors<T, kHalf / 2>(v);
  }
}

// One panel: `columns` columns of B (at most kTileColumns; the rest of the panel is zero), k rows.
template <typename T>
void pack_panel(index_t k, index_t columns, MatrixView<T> b, T* out) {
  constexpr int w = kWidth<T>, width = kTileColumns<T>;
  index_t done = 0;
  if (columns == width && b.column == 1) {
    for (; done < k; ++done, out += width) {
      const T* from = b.p + done * b.row;
      store(out, load(from));
      store(out + w, load(from + w));
    }
  } else if (columns == width && b.row == 1) {
    for (; done + w <= k; done += w, out += w * width)
      for (int half = 0; half < 2; ++half) {
        Vector<T> v[w];
        const T* from = b.p + done + half * w * b.column;
#pragma GCC unroll 16
        for (int j = 0; j < w; ++j) v[j] = load(from + j * b.column);
        transpose_vectors<T>(v);
#pragma GCC unroll 16
        for (int l = 0; l < w; ++l) store(out + l * width + half * w, v[l]);
      }
  }
  if (b.column == 1)
    for (; done < k; ++done, out += width)
      std::fill_n(std::copy_n(b.p + done * b.row, columns, out), width - columns, T(0));
  for (; done < k; ++done, out += width)
    for (index_t j = 0; j < width; ++j) out[j] = j < columns ? b.p[done * b.row + j * b.column] : T(0);
}

template <typename T>
index_t packed_b_size(index_t k, index_t n) {
  return k * round_up(n, kTileColumns<T>);
}

// Panels of B[k, n], one after another.
template <typename T>
void pack_b(index_t k, index_t n, MatrixView<T> b, T* out) {
  constexpr index_t width = kTileColumns<T>;
  for (index_t j = 0; j < n; j += width, out += k * width)
    pack_panel(k, std::min(width, n - j), {b.p + j * b.column, b.row, b.column}, out);
}

template <typename T>
index_t packed_a_size(index_t m, index_t k) {
  return k * round_up(m, kTileRows);
}

// A[m, k] as one strip for each kTileRows rows, k after k; missing rows of the last strip are zero.
template <typename T>
void pack_a(index_t m, index_t k, MatrixView<T> a, T* out) {
  constexpr index_t kChunk = 16;  // of k: the lines of A that neighbouring strips share are still at hand
  constexpr int w = kWidth<T>;
  constexpr int kCover = (kTileRows + w - 1) / w * w;  // a strip's rows in whole vectors
  for (index_t begin = 0; begin < k; begin += kChunk) {
    const index_t end = std::min(k, begin + kChunk);
    for (index_t i = 0; i < m; i += kTileRows) {
      T* to = out + i * k + begin * kTileRows;
      const T* from = a.p + i * a.row + begin * a.column;
      const index_t rows = std::min<index_t>(kTileRows, m - i);
      if (a.row == 1 && i + kCover <= m) {
        // What a vector writes beyond kTileRows, the next one or the next strip overwrites.
        for (index_t l = begin; l < end; ++l, from += a.column, to += kTileRows) {
          if (kCover > kTileRows && l + 1 == end) {
            std::copy_n(from, kTileRows, to);
          } else {
            for (int r = 0; r < kCover; r += w) store(to + r, load(from + r));
          }
        }
      } else if (rows == kTileRows) {
        for (index_t l = begin; l < end; ++l, from += a.column, to += kTileRows)
          for (int r = 0; r < kTileRows; ++r) to[r] = from[r * a.row];
      } else {
        for (index_t l = begin; l < end; ++l, from += a.column, to += kTileRows)
          for (int r = 0; r < kTileRows; ++r) to[r] = r < rows ? from[r * a.row] : T(0);
      }
    }
  }
}

// Rows of A in a block: as they lie when contiguous in k, else packed into `scratch` (packed_a_size). Calls
// f(a_tile) with what multiply_block wants.
template <typename T, typename F>
inline void with_rows_of_a(index_t m, index_t k, MatrixView<T> a, T* scratch, const F& f) {
  if (a.column == 1) {
    f([=](index_t i) { return StridedRows<T>{a.p + i * a.row, a.row, k}; });
  } else {
    pack_a(m, k, a, scratch);
    f([=](index_t i) { return PackedRows<T>{scratch + i * k, k}; });
  }
}

}  // namespace poster::kernels::POSTER_ISA
