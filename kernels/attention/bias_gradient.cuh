// The gradient of the relative position bias table without atomics. The kernel for dk and dv
// (attention_backward.cuh) has the gradients of scores tile by tile, for the tile's M keys and N queries
// after N queries. A thread adds up one diagonal of each tile, that is one difference i - j, into the pair of
// entries that it belongs to (attention_bias.cuh). A diagonal that the next tile goes on with is carried
// there; a finished one is written to the block's strip in scratch. A second kernel adds the strips.
#pragma once

#include "kernels/attention/bias.cuh"
#include "kernels/attention/layout.cuh"
#include "kernels/attention/tile.cuh"
#include "kernels/cuda/runtime.h"
#include "kernels/cuda/shared.cuh"
#include "kernels/cuda/vector.cuh"

namespace poster::kernels {

// Scratch for the strips: [groups, heads, key tiles, length] pairs. A group is some neighbouring items, whose
// gradients a block adds up one item after the other.
struct BiasStrips {
  float* values;
  int groups, items_per_group, length;
};

// Scratch of all strips stays below this number of pairs, as long as one group does.
constexpr index_t kMaxPairs = 8 << 20;

inline BiasStrips bias_strips(const HeadLayout& l, int tile_keys, int tile_queries, index_t most_pairs) {
  BiasStrips strips{};
  strips.length = tiles_for(l.queries, tile_queries) * tile_queries + tile_keys;
  const index_t pairs = static_cast<index_t>(strips.length) * l.heads * tiles_for(l.keys, tile_keys);
  const index_t groups = most_pairs > pairs ? most_pairs / pairs : 1;
  strips.items_per_group = l.items > groups ? static_cast<int>(ceil_div(l.items, groups)) : 1;
  strips.groups = tiles_for(l.items, strips.items_per_group);
  return strips;
}
inline index_t bias_strip_floats(const HeadLayout& l, const BiasStrips& strips, int tile_keys) {
  return static_cast<index_t>(strips.groups) * l.heads * tiles_for(l.keys, tile_keys) * strips.length * 2;
}

// Sums of the diagonals that go on in the next tile, of this tile and of the last.
template <int M>
struct DiagonalCarry {
  float2 sums[2][M];
};

// The tile of gradients of scores [key, query]. Where the gaps between rows are wide enough they hold zeros,
// so that a warp can follow its 32 diagonals a bit out of the tile.
template <typename Core>
struct DiagonalTile {
  static constexpr bool kZeros = Core::kStagingGap >= 32;
  static constexpr int kBefore = kZeros ? 32 : 8;
  alignas(16) typename Core::Element before[kBefore];
  alignas(16) typename Core::Element values[Core::kM * Core::kStagingLd];

  // Before the first use, and a barrier after it.
  __device__ void clear() {
    if constexpr (kZeros) {
      using T = typename Core::Element;
      const int thread = static_cast<int>(threadIdx.x);
      for (int i = thread; i < kBefore; i += kAttentionThreads) before[i] = T(0.f);
      for (int i = thread; i < Core::kM * Core::kStagingLd; i += kAttentionThreads) values[i] = T(0.f);
    }
  }
};

// Adds up diagonal d = i - j + M - 1 of the tile (key j, query i) for thread d. A pair is plain where the
// key's column is below `plain_below`. `tile` counts the tiles of queries of this item from 0; `strip` is the
// block's.
template <typename Core>
__device__ void collect_diagonals(const DiagonalTile<Core>& scores, const int* key_column, int plain_below,
                                  DiagonalCarry<Core::kM>& carry, float2* strip, int tile, bool last_tile,
                                  bool add, float factor) {
  constexpr int M = Core::kM, N = Core::kN, kStep = 8;
  const int d = static_cast<int>(threadIdx.x), first_of_warp = d / 32 * 32;
  if (first_of_warp >= M + N) return;
  float2 sum = tile > 0 && d < M ? carry.sums[tile % 2][d] : make_float2(0, 0);
  // The keys that this warp's diagonals meet, and some more: whole steps.
  const int begin = max(0, M - 1 - (first_of_warp + 31)), end = min(M, M - first_of_warp + N);
  for (int first = begin; first < end; first += kStep) {
    const int4 columns[2] = {*reinterpret_cast<const int4*>(key_column + first),
                             *reinterpret_cast<const int4*>(key_column + first + 4)};
    const int column[kStep] = {columns[0].x, columns[0].y, columns[0].z, columns[0].w,
                               columns[1].x, columns[1].y, columns[1].z, columns[1].w};
#pragma unroll
    for (int k = 0; k < kStep; ++k) {
      const int j = first + k, i = j + d - (M - 1);
      float value = 0;
      if (DiagonalTile<Core>::kZeros || (i >= 0 && i < N))
        value = to_float(scores.values[j * Core::kStagingLd + i]);
      if (column[k] < plain_below)
        sum.x += value;
      else
        sum.y += value;
    }
  }
  if (d >= N && !last_tile) {
    if (d < M + N) carry.sums[(tile + 1) % 2][d - N] = sum;
    return;
  }
  if (d >= M + N) return;
  float2& total = strip[tile * N + d];
  const float2 before = add ? total : make_float2(0, 0);
  total = make_float2(before.x + sum.x * factor, before.y + sum.y * factor);
}

struct StripSums {
  float2 sums[16][32];
};

// dtable of one head and 32 differences: 16 rows of threads add every 16th strip each, then their sums are
// added.
template <typename Unused = void>
__global__ void __launch_bounds__(512)
    reduce_bias_strips_kernel(float* dtable, BiasStrips strips, HeadLayout l, int tile_keys) {
  auto& sums = block_shared<StripSums>().sums;
  const int lane = static_cast<int>(threadIdx.x), row = static_cast<int>(threadIdx.y);
  const int head = static_cast<int>(blockIdx.y), tiles = tiles_for(l.keys, tile_keys);
  const int difference = static_cast<int>(blockIdx.x) * 32 + lane - (l.keys - 1);
  const float2* const values = reinterpret_cast<const float2*>(strips.values);
  float2 sum = make_float2(0, 0);
#pragma unroll 4
  for (int p = row; p < strips.groups * tiles; p += 16) {
    const int group = p / tiles, tile = p % tiles;
    const int at = difference + tile * tile_keys + tile_keys - 1;
    if (at < 0 || at >= strips.length) continue;
    const float2 part =
        values[((static_cast<index_t>(group) * l.heads + head) * tiles + tile) * strips.length + at];
    sum.x += part.x;
    sum.y += part.y;
  }
  sums[row][lane] = sum;
  __syncthreads();
  if (row > 0 || difference >= l.keys) return;
  for (int r = 1; r < 16; ++r) {
    sum.x += sums[r][lane].x;
    sum.y += sums[r][lane].y;
  }
  const int w = l.window, side = 2 * w - 1;
  const Division d = Division::of(difference, w);
  const auto entry = [&](int r, int column) -> float& {
    return dtable[(static_cast<index_t>(r + w - 1) * side + column + w - 1) * l.heads + head];
  };
  if (d.quotient > -w && d.quotient < w) entry(d.quotient, d.remainder) = sum.x;
  if (d.remainder > 0 && d.quotient >= -w && d.quotient < w - 1)
    entry(d.quotient + 1, d.remainder - w) = sum.y;
}

}  // namespace poster::kernels
