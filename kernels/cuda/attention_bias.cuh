// The relative position bias of a tile of scores, gathered from the table.
//
// For queries i and keys j of a window of side w the difference i - j = w Δrow + Δcolumn names, together with
// the sign of Δcolumn, one entry of the table: with (i - j) = w r + m, 0 <= m < w, either Δ = (r, m), or Δ =
// (r + 1, m - w) where the query's column is less than the key's ("wrapped"). So a tile of M + N - 1
// differences needs that many pairs of entries: its strip. The table's gradient is collected in strips as
// well (attention_bias_gradient.cuh).
#pragma once

#include "kernels/cuda/attention_layout.cuh"

namespace poster::kernels {

struct BiasPair {
  float plain, wrapped;
};

// Both entries of difference `difference` for one head, times log2(e); 0 where the window has no such pair of
// tokens.
__device__ inline BiasPair gather_bias(const float* table, const HeadLayout& layout, int head,
                                       int difference) {
  const int w = layout.window, side = 2 * w - 1;
  const Division d = divide_down(difference, w);
  BiasPair pair{0, 0};
  const auto entry = [&](int row, int column) {
    const index_t index = static_cast<index_t>(row + w - 1) * side + column + w - 1;
    return table[index * layout.heads + head] * kLog2E;
  };
  if (d.quotient > -w && d.quotient < w) pair.plain = entry(d.quotient, d.remainder);
  if (d.remainder > 0 && d.quotient >= -w && d.quotient < w - 1)
    pair.wrapped = entry(d.quotient + 1, d.remainder - w);
  return pair;
}

// strip[i - j + last_key] is the pair of query i and key j of the tile, where last_key is the tile's number
// of keys less one.
template <int kLength>
struct BiasStrip {
  float pairs[kLength][2];

  __device__ void set(int i, const BiasPair& pair) {
    pairs[i][0] = pair.plain;
    pairs[i][1] = pair.wrapped;
  }
  __device__ float at(int i, bool wrapped) const { return pairs[i][wrapped]; }
};

}  // namespace poster::kernels
