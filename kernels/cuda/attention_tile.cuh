// Tiles of q, k, v and their gradients in shared memory: rows of D elements, `ld` apart, zeros where there is
// no token or no channel.
#pragma once

#include "kernels/cuda/async_copy.h"
#include "kernels/cuda/runtime.h"
#include "kernels/cuda/vector.h"
#include "kernels/index.h"

namespace poster::kernels {

constexpr int kAttentionThreads = 128;

// Puts rows `from`, `from` + stride, ... into the tile: those below `rows` of `head_size` channels. Part of a
// copy group (kernels/cuda/async_copy.h).
template <int D, int kTileRows, int ld, typename T>
__device__ void load_tile(T* tile, const T* from, index_t stride, int rows, int head_size, bool vectors) {
  constexpr int kChunk = kVectorSize<T>, kChunks = D / kChunk;
  static_assert(kTileRows * kChunks % kAttentionThreads == 0);
#pragma unroll
  for (int round = 0; round < kTileRows * kChunks / kAttentionThreads; ++round) {
    const int i = static_cast<int>(threadIdx.x) + round * kAttentionThreads;
    const int row = i / kChunks, column = i % kChunks * kChunk;
    T* const to = tile + row * ld + column;
    const T* const source = from + row * stride + column;
    if (vectors) {
      const bool wanted = row < rows && column < head_size;
      copy_async_16(to, wanted ? source : from, wanted);
    } else {
#pragma unroll
      for (int e = 0; e < kChunk; ++e) to[e] = row < rows && column + e < head_size ? source[e] : T(0.f);
    }
  }
}

// Sets the scores of columns from `columns` on, or of rows from `rows` on, to a value: there are no tokens.
template <typename Core>
__device__ void set_columns(typename Core::Scores& s, int columns, float value) {
  if (columns >= Core::kN) return;
#pragma unroll
  for (int c = 0; c < Core::kCols; ++c)
    if (Core::col(c) >= columns)
#pragma unroll
      for (int r = 0; r < Core::kRows; ++r) s[r][c] = value;
}
template <typename Core>
__device__ void set_rows(typename Core::Scores& s, int rows, float value) {
  if (rows >= Core::kM) return;
#pragma unroll
  for (int r = 0; r < Core::kRows; ++r)
    if (Core::row(r) >= rows)
#pragma unroll
      for (int c = 0; c < Core::kCols; ++c) s[r][c] = value;
}

// Writes the tile's first `rows` rows of `head_size` channels.
template <int D, int kTileRows, int ld, typename T>
__device__ void store_tile(T* to, const T* tile, index_t stride, int rows, int head_size, bool vectors) {
  constexpr int kChunk = kVectorSize<T>, kChunks = D / kChunk;
  for (int i = static_cast<int>(threadIdx.x); i < kTileRows * kChunks; i += kAttentionThreads) {
    const int row = i / kChunks, column = i % kChunks * kChunk;
    if (row >= rows || column >= head_size) continue;
    const T* const from = tile + row * ld + column;
    T* const target = to + row * stride + column;
    if (vectors) {
      store<kChunk>(target, load<kChunk>(from));
    } else {
      for (int e = 0; e < kChunk && column + e < head_size; ++e) target[e] = from[e];
    }
  }
}

}  // namespace poster::kernels
