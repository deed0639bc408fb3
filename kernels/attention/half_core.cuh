// The products of attention in 16 bits on tensor cores, accumulated in float: 4 warps, each with 16 rows.
// With g = lane / 4 and t = lane % 4 a thread has rows g and g + 8 of its warp's and columns 2t, 2t + 1 of
// every 8, as kernels/cuda/mma.cuh lays out c.
#pragma once

#include "kernels/attention/tile.cuh"
#include "kernels/cuda/mma.cuh"
#include "kernels/cuda/reduce.cuh"

namespace poster::kernels {

// D: head size, a multiple of 32; N: columns of a tile of scores, a multiple of 16; kHold: keep left factors
// of scores() in registers.
template <int D, int N, bool kHold>
struct HalfCore {
  using Element = Half;
  static constexpr int kD = D, kM = 64, kN = N;
  static constexpr int kLd = D + 8;  // 8 rows in a row lie in different banks
  static constexpr int kStagingGap = 40, kStagingLd = N + kStagingGap;
  static constexpr int kStages = 2;
  static constexpr bool kStaged = false;
  static constexpr bool kScaled = true;
  static constexpr int kRowLanes = 4;
  // Blocks that a multiprocessor should hold: so many registers may a thread have.
  static constexpr int kForwardBlocks = D <= 32 ? 4 : D <= 96 ? 3 : 2, kBackwardBlocks = D <= 32 ? 3 : 2;
  static constexpr int kRows = 2, kCols = N / 4, kOutCols = D / 4;
  using Scores = float[kRows][kCols];
  using Output = float[kRows][kOutCols];

  static __device__ int lane() { return static_cast<int>(threadIdx.x) % 32; }
  static __device__ int first_row() { return static_cast<int>(threadIdx.x) / 32 * 16; }
  // The thread's rows and columns: of its first, and how far on the others are.
  static __device__ int row0() { return first_row() + lane() / 4; }
  static __device__ int col0() { return lane() % 4 * 2; }
  static constexpr __device__ int row_step(int r) { return 8 * r; }
  static constexpr __device__ int col_step(int c) { return c % 2 + c / 2 * 8; }
  static __device__ int row(int r) { return row0() + row_step(r); }
  static __device__ int col(int c) { return col0() + col_step(c); }

  // The 16 columns from k of the warp's rows.
  static __device__ void load_left(unsigned (&a)[4], const Half* tile, int k) {
    load_matrices(a, tile + (first_row() + lane() % 16) * kLd + k + lane() / 16 * 8);
  }

  struct HeldOperand {
    unsigned a[D / 16][4];
    __device__ void get(unsigned (&to)[4], int step) const {
#pragma unroll
      for (int i = 0; i < 4; ++i) to[i] = a[step][i];
    }
  };
  struct SharedOperand {
    const Half* tile;
    __device__ void get(unsigned (&to)[4], int step) const { load_left(to, tile, 16 * step); }
  };
  using Operand = std::conditional_t<kHold, HeldOperand, SharedOperand>;

  static __device__ Operand operand(const Half* tile) {
    if constexpr (kHold) {
      HeldOperand held;
#pragma unroll
      for (int step = 0; step < D / 16; ++step) load_left(held.a[step], tile, 16 * step);
      return held;
    } else {
      return {tile};
    }
  }

  // s = a bᵀ
  static __device__ void scores(Scores& s, const Operand& a, const Half* b) {
#pragma unroll
    for (int r = 0; r < kRows; ++r)
#pragma unroll
      for (int c = 0; c < kCols; ++c) s[r][c] = 0;
#pragma unroll
    for (int step = 0; step < D / 16; ++step) {
      unsigned left[4];
      a.get(left, step);
#pragma unroll
      for (int n = 0; n < N; n += 16) {
        unsigned right[4];
        load_matrices(right, b + (n + lane() / 16 * 8 + lane() % 8) * kLd + 16 * step + lane() / 8 % 2 * 8);
        const int c = n / 4;
        mma_m16n8k16(s[0][c], s[0][c + 1], s[1][c], s[1][c + 1], left, right[0], right[1]);
        mma_m16n8k16(s[0][c + 2], s[0][c + 3], s[1][c + 2], s[1][c + 3], left, right[2], right[3]);
      }
    }
  }

  // For anybody to read after a barrier: [M, kStagingLd].
  static __device__ void stage(const Scores& s, Half* staging) {
#pragma unroll
    for (int r = 0; r < kRows; ++r)
#pragma unroll
      for (int c = 0; c < kCols; c += 2)
        store_halves(staging + row(r) * kStagingLd + col(c), pack_halves(s[r][c], s[r][c + 1]));
  }

  // o += s b, with s rounded to Half.
  static __device__ void accumulate(Output& o, const Scores& s, const Half* b, const Half*) {
#pragma unroll
    for (int k = 0; k < N; k += 16) {
      const int c = k / 4;
      const unsigned left[4] = {pack_halves(s[0][c], s[0][c + 1]), pack_halves(s[1][c], s[1][c + 1]),
                                pack_halves(s[0][c + 2], s[0][c + 3]), pack_halves(s[1][c + 2], s[1][c + 3])};
#pragma unroll
      for (int n = 0; n < D; n += 16) {
        unsigned right[4];
        load_matrices_transposed(right, b + (k + lane() % 16) * kLd + n + lane() / 16 * 8);
        const int d = n / 4;
        mma_m16n8k16(o[0][d], o[0][d + 1], o[1][d], o[1][d + 1], left, right[0], right[1]);
        mma_m16n8k16(o[0][d + 2], o[0][d + 3], o[1][d + 2], o[1][d + 3], left, right[2], right[3]);
      }
    }
  }

  // tile = factor[r] o, row by row.
  static __device__ void put(Half* tile, const Output& o, const float (&factor)[kRows]) {
#pragma unroll
    for (int r = 0; r < kRows; ++r)
#pragma unroll
      for (int c = 0; c < kOutCols; c += 2)
        store_halves(tile + row(r) * kLd + col(c), pack_halves(o[r][c] * factor[r], o[r][c + 1] * factor[r]));
  }
};

}  // namespace poster::kernels
