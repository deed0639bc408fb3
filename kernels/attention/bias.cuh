// The relative position bias of a tile of scores, gathered from the table.
//
// For queries i and keys j of a window of side w the difference i - j = w Δrow + Δcolumn names, together with
// the sign of Δcolumn, one entry of the table: with (i - j) = w r + m, 0 <= m < w, either Δ = (r, m), or Δ =
// (r + 1, m - w) where the query's column is less than the key's ("wrapped"). So a tile of M + N - 1
// differences needs that many pairs of entries: its strip. The table's gradient is collected in strips as
// well (attention_bias_gradient.cuh).
#pragma once

#include "kernels/attention/layout.cuh"

namespace poster::kernels {

// The quotient rounded down, and what remains: 0 <= remainder < divisor.
struct Division {
  int quotient, remainder;

  __device__ static Division of(int dividend, int divisor) {
    const int quotient = (dividend >= 0 ? dividend : dividend - divisor + 1) / divisor;
    return {quotient, dividend - quotient * divisor};
  }
  // What the dividends' sum gives.
  __device__ void add(const Division& step, int divisor) {
    quotient += step.quotient;
    remainder += step.remainder;
    if (remainder >= divisor) {
      remainder -= divisor;
      ++quotient;
    }
  }
};

struct BiasPair {
  float plain, wrapped;
};

// The table of one head. Entries that the window doesn't have read as some other.
struct BiasTable {
  const float* table;  // at the head's first entry
  int window, heads;

  // Both entries of a difference.
  __device__ BiasPair get(const Division& difference) const {
    const int side = 2 * window - 1, last = side * side - 1;
    const int plain = (difference.quotient + window - 1) * side + difference.remainder + window - 1;
    const int wrapped = plain + side - window;
    return {table[min(max(plain, 0), last) * heads], table[min(max(wrapped, 0), last) * heads]};
  }
};

// strip[i - j + last_key] is the pair of query i and key j of the tile times log2(e), where last_key is the
// tile's number of keys less one.
template <int kLength>
struct BiasStrip {
  alignas(8) float pairs[kLength][2];

  __device__ void set(int i, const BiasPair& pair) {
    pairs[i][0] = pair.plain * kLog2E;
    pairs[i][1] = pair.wrapped * kLog2E;
  }
  // The entry `offset` pairs from pair `i`.
  struct View {
    const float* pair;
    __device__ float at(int offset, bool wrapped) const { return (wrapped ? pair + 1 : pair)[2 * offset]; }
  };
  __device__ View from(int i) const { return {pairs[i]}; }
};

}  // namespace poster::kernels
