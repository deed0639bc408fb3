// Tiles of q, k, v and their gradients in shared memory: rows of D elements, `ld` apart, zeros where there is
// no token or no channel.
#pragma once

#include "kernels/cuda/async_copy.cuh"
#include "kernels/cuda/runtime.h"
#include "kernels/cuda/vector.cuh"
#include "kernels/index.h"

namespace poster::kernels {

constexpr int kAttentionThreads = 128;

// 16 bytes, both sides aligned to them.
__device__ inline void copy_16(void* to, const void* from) {
#if defined(__CUDACC__)
  *static_cast<uint4*>(to) = *static_cast<const uint4*>(from);
#else
  cuda_simulator::check_alignment(to, 16);
  cuda_simulator::check_alignment(from, 16);
  std::memcpy(to, from, 16);
#endif
}

// Puts rows `from`, `from` + stride, ... into the tile: those below `rows` of `head_size` channels. Part of a
// copy group (kernels/cuda/async_copy.cuh).
template <int D, int kTileRows, int ld, typename T>
__device__ void load_tile(T* tile, const T* from, index_t stride, int rows, int head_size, bool vectors) {
  constexpr int kChunk = kVectorSize<T>, kChunks = D / kChunk;
  static_assert(kTileRows * kChunks % kAttentionThreads == 0);
  if (vectors) {
#pragma unroll
    for (int round = 0; round < kTileRows * kChunks / kAttentionThreads; ++round) {
      const int i = static_cast<int>(threadIdx.x) + round * kAttentionThreads;
      const int row = i / kChunks, column = i % kChunks * kChunk;
      const bool wanted = row < rows && column < head_size;
      copy_async_16(tile + row * ld + column, wanted ? from + row * stride + column : from, wanted);
    }
  } else {
#pragma unroll 1
    for (int i = static_cast<int>(threadIdx.x); i < kTileRows * D; i += kAttentionThreads) {
      const int row = i / D, column = i % D;
      tile[row * ld + column] = row < rows && column < head_size ? from[row * stride + column] : T(0.f);
    }
  }
}

// In a branch that is seldom taken: keeps the compiler from computing it all the same and selecting.
__device__ inline void keep_branch() {
#if defined(__CUDACC__)
  asm volatile("");
#endif
}

// Sets the scores of columns from `columns` on, or of rows from `rows` on, to a value: there are no tokens.
template <typename Core>
__device__ void set_columns(typename Core::Scores& s, int columns, float value) {
  if (columns >= Core::kN) return;
  keep_branch();
#pragma unroll
  for (int c = 0; c < Core::kCols; ++c)
    if (Core::col(c) >= columns)
#pragma unroll
      for (int r = 0; r < Core::kRows; ++r) s[r][c] = value;
}
template <typename Core>
__device__ void set_rows(typename Core::Scores& s, int rows, float value) {
  if (rows >= Core::kM) return;
  keep_branch();
#pragma unroll
  for (int r = 0; r < Core::kRows; ++r)
    if (Core::row(r) >= rows)
#pragma unroll
      for (int c = 0; c < Core::kCols; ++c) s[r][c] = value;
}

// Writes the tile's first `rows` rows of `head_size` channels.
template <int D, int ld, typename T>
__device__ void store_tile(T* to, const T* tile, index_t stride, int rows, int head_size, bool vectors) {
  constexpr int kChunk = kVectorSize<T>, kChunks = D / kChunk;
  if (vectors) {
#pragma unroll 1
    for (int i = static_cast<int>(threadIdx.x); i < rows * kChunks; i += kAttentionThreads) {
      const int row = i / kChunks, column = i % kChunks * kChunk;
      if (column < head_size) copy_16(to + row * stride + column, tile + row * ld + column);
    }
  } else {
#pragma unroll 1
    for (int i = static_cast<int>(threadIdx.x); i < rows * D; i += kAttentionThreads) {
      const int row = i / D, column = i % D;
      if (column < head_size) to[row * stride + column] = tile[row * ld + column];
    }
  }
}

}  // namespace poster::kernels
