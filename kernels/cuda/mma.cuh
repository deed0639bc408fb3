// Products of 16-bit matrices by a warp: fragments of 16x16 and 16x8 tiles, their product accumulated in
// float, and their loads from shared memory. Every function is called by all 32 lanes of a warp.
//
// With g = lane / 4 and t = lane % 4 a lane holds (PTX ISA, "Matrix fragments for mma.m16n8k16"):
//   a (16x16): registers 0 to 3 at rows g, g + 8, g, g + 8 and columns 2t, 2t, 2t + 8, 2t + 8
//   b (16x8):  registers 0 and 1 at rows 2t and 2t + 8 of column g
//   c (16x8):  elements 0 to 3 at (g, 2t), (g, 2t + 1), (g + 8, 2t), (g + 8, 2t + 1)
// where a register holds two neighbours, the first in its low half: of a along its row, of b along its
// column.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "kernels/cuda/runtime.h"
#include "kernels/half.h"

namespace poster::kernels {

// Both rounded to nearest even.
__device__ inline unsigned pack_halves(float low, float high) {
#if defined(__CUDACC__)
  unsigned packed;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
  return packed;
#else
  return Half(low).bits | static_cast<unsigned>(Half(high).bits) << 16;
#endif
}

// Two neighbours in memory, aligned to 4 bytes.
__device__ inline void store_halves(Half* to, unsigned packed) {
#if defined(__CUDACC__)
  *reinterpret_cast<unsigned*>(to) = packed;
#else
  cuda_simulator::check_alignment(to, 4);
  std::memcpy(to, &packed, sizeof(packed));
#endif
}

#if !defined(__CUDACC__)
namespace simulated_mma {

inline float low_half(unsigned packed) {
  return static_cast<float>(std::bit_cast<Half>(static_cast<std::uint16_t>(packed)));
}
inline float high_half(unsigned packed) { return low_half(packed >> 16); }

// What one lane holds of a and b, as floats.
struct Fragments {
  float a[4][2], b[2][2];
};

struct Product {
  float c[4];
};

// What lane 4g + t gets: rows g and g + 8, columns 2t and 2t + 1, each summed in the order of k.
inline Product product(const Fragments* lanes, int g, int t) {
  Product sums{};
  for (int k = 0; k < 16; ++k) {
    const int pair = k / 8, from = k % 8 / 2, half = k % 2;
    const float(&a)[4][2] = lanes[4 * g + from].a;
    const float left = lanes[8 * t + from].b[pair][half], right = lanes[8 * t + 4 + from].b[pair][half];
    sums.c[0] += a[2 * pair][half] * left, sums.c[1] += a[2 * pair][half] * right;
    sums.c[2] += a[2 * pair + 1][half] * left, sums.c[3] += a[2 * pair + 1][half] * right;
  }
  return sums;
}

// The 8x8 matrix whose rows the lanes 8 matrix to 8 matrix + 7 point to.
inline unsigned matrix_pair(const Half* const* rows, int matrix, int lane, bool transposed) {
  const int g = lane / 4, t = lane % 4;
  const Half* const* const row = rows + 8 * matrix;
  const Half first = transposed ? row[2 * t][g] : row[g][2 * t];
  const Half second = transposed ? row[2 * t + 1][g] : row[g][2 * t + 1];
  return first.bits | static_cast<unsigned>(second.bits) << 16;
}

struct FourMatrices {
  unsigned v[4];
};

inline FourMatrices load_matrices(const Half* row, bool transposed) {
  cuda_simulator::check_alignment(row, 16);
  const int lane = cuda_simulator::lane();
  return cuda_simulator::warp_collective(0xFFFFFFFFu, transposed ? "ldmatrix_transposed" : "ldmatrix",
                                         std::source_location::current(), row, [=](const Half* const* rows) {
                                           FourMatrices m;
                                           for (int i = 0; i < 4; ++i)
                                             m.v[i] = matrix_pair(rows, i, lane, transposed);
                                           return m;
                                         });
}

}  // namespace simulated_mma
#endif

// c += a b, accumulated in float.
__device__ inline void mma_m16n8k16(float& c0, float& c1, float& c2, float& c3, const unsigned (&a)[4],
                                    unsigned b0, unsigned b1) {
#if defined(__CUDACC__)
  asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(c0), "+f"(c1), "+f"(c2), "+f"(c3)
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
#else
  using namespace simulated_mma;
  Fragments mine;
  for (int i = 0; i < 4; ++i) mine.a[i][0] = low_half(a[i]), mine.a[i][1] = high_half(a[i]);
  const unsigned b[2] = {b0, b1};
  for (int i = 0; i < 2; ++i) mine.b[i][0] = low_half(b[i]), mine.b[i][1] = high_half(b[i]);
  const int g = cuda_simulator::lane() / 4, t = cuda_simulator::lane() % 4;
  const Product p =
      cuda_simulator::warp_collective(0xFFFFFFFFu, "mma_m16n8k16", std::source_location::current(), mine,
                                      [=](const Fragments* lanes) { return product(lanes, g, t); });
  c0 += p.c[0], c1 += p.c[1], c2 += p.c[2], c3 += p.c[3];
#endif
}

// Four 8x8 matrices from shared memory: lane l points to row l % 8 of matrix l / 8 (16 bytes, aligned to
// them), and gets of each matrix the elements 2t and 2t + 1 of row g ...
__device__ inline void load_matrices(unsigned (&m)[4], const Half* row) {
#if defined(__CUDACC__)
  const unsigned address = static_cast<unsigned>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(m[0]), "=r"(m[1]), "=r"(m[2]), "=r"(m[3])
               : "r"(address)
               : "memory");
#else
  const auto loaded = simulated_mma::load_matrices(row, false);
  for (int i = 0; i < 4; ++i) m[i] = loaded.v[i];
#endif
}
// ... or of column g.
__device__ inline void load_matrices_transposed(unsigned (&m)[4], const Half* row) {
#if defined(__CUDACC__)
  const unsigned address = static_cast<unsigned>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(m[0]), "=r"(m[1]), "=r"(m[2]), "=r"(m[3])
               : "r"(address)
               : "memory");
#else
  const auto loaded = simulated_mma::load_matrices(row, true);
  for (int i = 0; i < 4; ++i) m[i] = loaded.v[i];
#endif
}

}  // namespace poster::kernels
