// The gradient of the relative position bias table without atomics. The kernel for dk and dv
// (attention_backward.cuh) has the gradients of scores tile by tile, for the tile's M keys and N queries
// after N queries. A thread adds up one diagonal of each tile, that is one difference i - j, into the pair of
// entries that it belongs to (attention_bias.cuh). A diagonal that the next tile goes on with is carried
// there; a finished one is written to the block's strip in scratch. A second kernel adds the strips.
#pragma once

#include "kernels/cuda/attention_bias.cuh"
#include "kernels/cuda/attention_layout.cuh"
#include "kernels/cuda/runtime.h"
#include "kernels/cuda/shared.h"
#include "kernels/cuda/vector.h"

namespace poster::kernels {

// Scratch for the strips: [groups, heads, key tiles, length] pairs. A group is some neighbouring items, whose
// gradients a block adds up one item after the other.
struct BiasStrips {
  float* values;
  int groups, items_per_group, length;
};

// Scratch of all strips stays below this number of pairs, as long as one group does.
constexpr index_t kMostPairs = 8 << 20;

inline BiasStrips bias_strips(const HeadLayout& l, int tile_keys, int tile_queries) {
  BiasStrips strips{};
  strips.length = tiles_for(l.queries, tile_queries) * tile_queries + tile_keys;
  const index_t pairs = static_cast<index_t>(strips.length) * l.heads * tiles_for(l.keys, tile_keys);
  const index_t groups = kMostPairs / pairs > 0 ? kMostPairs / pairs : 1;
  strips.items_per_group = l.items > groups ? static_cast<int>((l.items + groups - 1) / groups) : 1;
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

// Adds up diagonal d = i - j + M - 1 of the tile [key j, query i] (rows `ld` apart) for thread d. `tile`
// counts the tiles of queries of this item from 0; `difference` is that of diagonal 0; `strip` is the
// block's.
template <int M, int N, int ld, typename T>
__device__ void collect_diagonals(const T* scores, const int* key_column, DiagonalCarry<M>& carry,
                                  float2* strip, int tile, bool last_tile, bool add, int difference,
                                  int window, float factor) {
  const int d = static_cast<int>(threadIdx.x), first_of_warp = d / 32 * 32;
  if (first_of_warp >= M + N) return;
  float2 sum = tile > 0 && d < M ? carry.sums[tile % 2][d] : make_float2(0, 0);
  // A query's column is not less than the key's where the key's is below this.
  const int plain_below = window - divide_down(difference + d, window).remainder;
  // The keys that this warp's diagonals meet.
  const int begin = max(0, M - 1 - (first_of_warp + 31)), end = min(M, M - 1 - first_of_warp + N);
#pragma unroll 8
  for (int j = begin; j < end; ++j) {
    const int i = j + d - (M - 1);
    const float value = i >= 0 && i < N ? to_float(scores[j * ld + i]) : 0;
    if (key_column[j] < plain_below)
      sum.x += value;
    else
      sum.y += value;
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
  const Division d = divide_down(difference, w);
  const auto entry = [&](int r, int column) -> float& {
    return dtable[(static_cast<index_t>(r + w - 1) * side + column + w - 1) * l.heads + head];
  };
  if (d.quotient > -w && d.quotient < w) entry(d.quotient, d.remainder) = sum.x;
  if (d.remainder > 0 && d.quotient >= -w && d.quotient < w - 1)
    entry(d.quotient + 1, d.remainder - w) = sum.y;
}

}  // namespace poster::kernels
