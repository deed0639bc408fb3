// The products of attention in float: 128 threads, each with a part of the tile in registers. Scores [M, N]
// belong to 8 x 16 threads, a thread having rows y, y + 8, ... and columns x, x + 16, ...; outputs [M, D] to
// the same rows and to pairs of columns. The banks of all reads and writes differ within a warp.
#pragma once

#include "kernels/attention/tile.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/vector.cuh"

namespace poster::kernels {

// D: head size, a multiple of 32; M, N: rows and columns of a tile of scores.
template <int D, int M, int N>
struct FloatCore {
  using Element = float;
  static constexpr int kD = D, kM = M, kN = N;
  static constexpr int kLd = D + 4;
  static constexpr int kStagingGap = 16, kStagingLd = N + kStagingGap;
  static constexpr int kStages = 1;       // tiles of the inner loop in shared memory at a time
  static constexpr bool kStaged = true;   // accumulate() reads its left factor from stage()
  static constexpr bool kScaled = false;  // whether gradients of scores are scaled before they are rounded
  static constexpr int kRowLanes = 16;    // neighbouring lanes that share a row
  // Blocks that a multiprocessor should hold: so many registers may a thread have.
  static constexpr int kForwardBlocks = D <= 32 ? 3 : 2, kBackwardBlocks = 2;
  static constexpr int kRows = M / 8, kCols = N / 16, kOutCols = D / 16;
  using Scores = float[kRows][kCols];
  using Output = float[kRows][kOutCols];

  static __device__ int x() { return static_cast<int>(threadIdx.x) % 16; }
  static __device__ int y() { return static_cast<int>(threadIdx.x) / 16; }
  // The thread's rows and columns: of its first, and how far on the others are.
  static __device__ int row0() { return y(); }
  static __device__ int col0() { return x(); }
  static constexpr __device__ int row_step(int r) { return 8 * r; }
  static constexpr __device__ int col_step(int c) { return 16 * c; }
  static __device__ int row(int r) { return row0() + row_step(r); }
  static __device__ int col(int c) { return col0() + col_step(c); }

  // A left factor of scores().
  struct Operand {
    const float* tile;
  };
  static __device__ Operand operand(const float* tile) { return {tile}; }

  // s = a bᵀ
  static __device__ void scores(Scores& s, const Operand& a, const float* b) {
#pragma unroll
    for (int r = 0; r < kRows; ++r)
#pragma unroll
      for (int c = 0; c < kCols; ++c) s[r][c] = 0;
#pragma unroll 2
    for (int k = 0; k < D; k += 4) {
      Floats<4> right[kCols];
#pragma unroll
      for (int c = 0; c < kCols; ++c) right[c] = load<4>(b + col(c) * kLd + k);
#pragma unroll
      for (int r = 0; r < kRows; ++r) {
        const Floats<4> left = load<4>(a.tile + row(r) * kLd + k);
#pragma unroll
        for (int c = 0; c < kCols; ++c)
#pragma unroll
          for (int i = 0; i < 4; ++i) s[r][c] += left[i] * right[c][i];
      }
    }
  }

  // For accumulate(), by the lanes that share a row; after a barrier anybody can read [M, kStagingLd].
  static __device__ void stage(const Scores& s, float* staging) {
    __syncwarp();  // earlier values may still be read
#pragma unroll
    for (int r = 0; r < kRows; ++r)
#pragma unroll
      for (int c = 0; c < kCols; ++c) staging[row(r) * kStagingLd + col(c)] = s[r][c];
    __syncwarp();
  }

  // o += s b, where s was staged.
  static __device__ void accumulate(Output& o, const Scores&, const float* b, const float* staging) {
#pragma unroll 1
    for (int k = 0; k < N; k += 4) {
      Floats<2> right[4][kOutCols / 2];
#pragma unroll
      for (int i = 0; i < 4; ++i)
#pragma unroll
        for (int c = 0; c < kOutCols / 2; ++c) right[i][c] = load<2>(b + (k + i) * kLd + 2 * x() + 32 * c);
#pragma unroll
      for (int r = 0; r < kRows; ++r) {
        const Floats<4> left = load<4>(staging + row(r) * kStagingLd + k);
#pragma unroll
        for (int i = 0; i < 4; ++i)
#pragma unroll
          for (int c = 0; c < kOutCols; ++c) o[r][c] += left[i] * right[i][c / 2][c % 2];
      }
    }
  }

  // tile = factor[r] o, row by row.
  static __device__ void put(float* tile, const Output& o, const float (&factor)[kRows]) {
#pragma unroll
    for (int r = 0; r < kRows; ++r)
#pragma unroll
      for (int c = 0; c < kOutCols; c += 2)
        store<2>(tile + row(r) * kLd + 2 * x() + 16 * c,
                 Floats<2>{{o[r][c] * factor[r], o[r][c + 1] * factor[r]}});
  }
};

}  // namespace poster::kernels
