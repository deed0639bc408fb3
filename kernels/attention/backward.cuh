// The backward pass. Probabilities are computed again from q, k and the log-sum-exp. With delta = dot(dout,
// out) of each query and head
//
//   dv = pᵀ dout,  ds = p (dout vᵀ - delta),  dk = scale dsᵀ q,  dq = scale ds k
//
// Three kernels: delta; dk and dv (a block takes M keys and goes through the queries; also collects ds into
// the bias table's gradient, kernels/attention/bias_gradient.cuh); dq (backward_queries.cuh). Source: Dao,
// "FlashAttention-2", 2023.
//
// In 16 bits M = 64 keys; N = 64 queries a tile for heads of up to 64, else 32; k and v stay in registers for
// heads of up to 96. Tiles of q and dout arrive in two stages, one ahead. Four products a tile (scores, dv, dp,
// dk), and three more where dq is wanted, since scores are computed again rather than kept: 7 for the 5 that
// the algorithm has. Memory sees delta 2 maps, keys 6 and queries 5, each once; the L2 cache the rest.
// Estimated, until a GPU measures it: 0.8 of the forward pass's rate.
#pragma once

#include "kernels/attention/bias_gradient.cuh"
#include "kernels/attention/layout.cuh"
#include "kernels/attention/tile.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/shared.cuh"

namespace poster::kernels {

// What a part of a head's row adds to dot(a, b): elements `begin` to `begin` + kVectorSize.
template <typename T>
__device__ float part_of_dot(const T* a, const T* b, int begin, int size, bool vectors) {
  constexpr int kChunk = kVectorSize<T>;
  float sum = 0;
  if (vectors) {
    const Floats<kChunk> x = load<kChunk>(a + begin), y = load<kChunk>(b + begin);
#pragma unroll
    for (int i = 0; i < kChunk; ++i) sum += x[i] * y[i];
  } else {
    for (int i = begin; i < min(begin + kChunk, size); ++i) sum += to_float(a[i]) * to_float(b[i]);
  }
  return sum;
}

// delta[item, head, query]: four lanes to each.
template <typename T>
__global__ void __launch_bounds__(256) heads_delta_kernel(float* delta, HeadsBackward<T> a) {
  const HeadLayout& l = a.layout;
  const index_t i = (static_cast<index_t>(blockIdx.x) * 256 + threadIdx.x) / 4;
  const int lane = static_cast<int>(threadIdx.x) % 4;
  const bool there = i < static_cast<index_t>(l.items) * l.queries * l.heads;
  const int head = static_cast<int>(i % l.heads), query = static_cast<int>(i / l.heads % l.queries);
  const int item = static_cast<int>(i / l.heads / l.queries);
  float sum = 0;
  if (there) {
    const index_t at = l.out_at(item, head) + query * l.out_stride;
    for (int begin = lane * kVectorSize<T>; begin < l.head_size; begin += 4 * kVectorSize<T>)
      sum += part_of_dot(a.dout + at, a.out + at, begin, l.head_size, l.vectors);
  }
  sum = group_sum<4>(sum);
  if (there && lane == 0) delta[l.row_at(item, head) + query] = sum;
}

// Gradients of scores are rounded to 16 bits as a power of two times themselves that undoes most of the
// smallness of probabilities, which are 1 / keys on average: they stay well above the smallest normal number,
// 2^-14.
template <typename Core>
__device__ float score_gradient_scale(int keys) {
  float scale = 1;
  if constexpr (Core::kScaled)
    for (int k = keys; k >= 16; k /= 2) scale *= 2;
  return scale;
}

// What a tile needs to know of one query.
struct alignas(16) QueryRow {
  float lse, delta;  // the log-sum-exp in base 2; delta times the scale above
  int column, unused;
};

template <typename T>
struct NoTile {
  T values[1];
};

template <typename Core, bool kBias>
struct BackwardKeysShared {
  using T = typename Core::Element;
  alignas(16) T k[Core::kM * Core::kLd];
  alignas(16) T v[Core::kM * Core::kLd];
  alignas(16) T q[Core::kStages][Core::kN * Core::kLd];
  alignas(16) T dout[Core::kStages][Core::kN * Core::kLd];
  std::conditional_t<Core::kStaged || kBias, DiagonalTile<Core>, NoTile<T>> staging;
  QueryRow queries[Core::kN];
  BiasStrip<kBias ? Core::kM + Core::kN : 1> strip;
  DiagonalCarry<kBias ? Core::kM : 1> carry;
  alignas(16) int key_column[kBias ? Core::kM : 1];
};

// Rows of scores are keys and columns are queries, so that probabilities are left factors as they come.
template <typename Core, bool kBias>
__global__ void __launch_bounds__(kAttentionThreads, Core::kBackwardBlocks)
    heads_backward_keys_kernel(HeadsBackward<typename Core::Element> a, const float* delta,
                               BiasStrips strips) {
  using T = typename Core::Element;
  constexpr int M = Core::kM, N = Core::kN, D = Core::kD, ld = Core::kLd, kStages = Core::kStages;
  auto& shared = *dynamic_shared<BackwardKeysShared<Core, kBias>>();
  const HeadLayout& l = a.layout;
  const int thread = static_cast<int>(threadIdx.x), tiles = tiles_for(l.keys, M);
  const int first = static_cast<int>(blockIdx.x) % tiles * M;
  const int head = static_cast<int>(blockIdx.x) / tiles % l.heads;
  const int group = static_cast<int>(blockIdx.x) / tiles / l.heads;
  const int rows = min(M, l.keys - first), query_tiles = tiles_for(l.queries, N);
  const float factor = l.scale * kLog2E, ds_scale = score_gradient_scale<Core>(l.keys);

  const BiasTable table{offset(a.table, kBias ? head : 0), l.window, l.heads};
  Division next_tile{};
  int row_column[Core::kRows];
  if constexpr (kBias) {
    next_tile = Division::of(N, l.window);
    shared.staging.clear();
    if (thread < M) shared.key_column[thread] = (first + thread) % l.window;
#pragma unroll
    for (int r = 0; r < Core::kRows; ++r) row_column[r] = (first + Core::row(r)) % l.window;
  }

  const int begin = group * strips.items_per_group, end = min(begin + strips.items_per_group, l.items);
  for (int item = begin; item < end; ++item) {
    const T* const q = a.q + l.q_at(item, head);
    const T* const dout = a.dout + l.out_at(item, head);
    const index_t kv_at = l.kv_at(item, head) + first * l.kv_stride;
    const auto load_queries = [&](int tile) {
      const int query = tile * N, stage = tile % kStages;
      load_tile<D, N, ld>(shared.q[stage], q + query * l.q_stride, l.q_stride, l.queries - query, l.head_size,
                          l.vectors);
      load_tile<D, N, ld>(shared.dout[stage], dout + query * l.out_stride, l.out_stride, l.queries - query,
                          l.head_size, l.vectors);
      close_copy_group();
    };
    // What the next tile needs besides: thread i has that of its query i, and pair i of its strip.
    float next_lse, next_delta;
    BiasPair next_bias{};
    Division difference{}, query{};
    const auto fetch = [&](int tile) {
      const int i = tile * N + thread;
      const index_t at = l.row_at(item, head) + (i < l.queries ? i : 0);
      next_lse = a.lse[at];
      next_delta = delta[at];
      if constexpr (kBias) next_bias = table.get(difference);
    };
    if constexpr (kBias) {
      difference = Division::of(thread - first - (M - 1), l.window);
      query = Division::of(thread, l.window);
    }

    load_tile<D, M, ld>(shared.k, a.k + kv_at, l.kv_stride, rows, l.head_size, l.vectors);
    load_tile<D, M, ld>(shared.v, a.v + kv_at, l.kv_stride, rows, l.head_size, l.vectors);
    load_queries(0);
    fetch(0);
    wait_for_copies<0>();
    __syncthreads();
    const typename Core::Operand k = Core::operand(shared.k), v = Core::operand(shared.v);
    typename Core::Output dk = {}, dv = {};

    for (int tile = 0; tile < query_tiles; ++tile) {
      if (kStages > 1 && tile + 1 < query_tiles) load_queries(tile + 1);
      if (thread < N) shared.queries[thread] = {next_lse * kLog2E, next_delta * ds_scale, query.remainder, 0};
      if constexpr (kBias)
        if (thread < M + N) shared.strip.set(thread, next_bias);
      if (kStages > 1 && tile + 1 < query_tiles)
        wait_for_copies<1>();
      else
        wait_for_copies<0>();
      __syncthreads();  // the tile is there, the last one's scores are done with
      // A query's column is not less than the key's where the key's is below this, for pairs of diagonal
      // `thread`.
      const int plain_below = l.window - difference.remainder;
      if constexpr (kBias) {
        difference.add(next_tile, l.window);
        query.add(next_tile, l.window);
      }
      fetch(tile + 1);

      const T* const q_tile = shared.q[tile % kStages];
      const T* const dout_tile = shared.dout[tile % kStages];
      typename Core::Scores p, ds;
      Core::scores(p, k, q_tile);
      const auto bias = shared.strip.from(kBias ? Core::col0() - Core::row0() + M - 1 : 0);
      const QueryRow* const queries = shared.queries + Core::col0();
#pragma unroll
      for (int c = 0; c < Core::kCols; ++c) {
        const QueryRow of = queries[Core::col_step(c)];
#pragma unroll
        for (int r = 0; r < Core::kRows; ++r) {
          float s = p[r][c] * factor;
          if constexpr (kBias) s += bias.at(Core::col_step(c) - Core::row_step(r), of.column < row_column[r]);
          p[r][c] = exp2_fast(s - of.lse);
        }
      }
      set_columns<Core>(p, l.queries - tile * N, 0);
      if constexpr (Core::kStaged) Core::stage(p, shared.staging.values);
      Core::accumulate(dv, p, dout_tile, shared.staging.values);

      Core::scores(ds, v, dout_tile);
#pragma unroll
      for (int c = 0; c < Core::kCols; ++c) {
        const float row_delta = queries[Core::col_step(c)].delta;
#pragma unroll
        for (int r = 0; r < Core::kRows; ++r) ds[r][c] = p[r][c] * (ds[r][c] * ds_scale - row_delta);
      }
      if constexpr (kBias) {  // where there is no pair it would be 0 times what may be NaN
        set_columns<Core>(ds, l.queries - tile * N, 0);
        set_rows<Core>(ds, rows, 0);
      }
      if constexpr (Core::kStaged || kBias) Core::stage(ds, shared.staging.values);
      Core::accumulate(dk, ds, q_tile, shared.staging.values);
      __syncthreads();  // the scores' gradients are there, the tile is done with

      if (kStages == 1 && tile + 1 < query_tiles) load_queries(tile + 1);
      if constexpr (kBias)
        collect_diagonals<Core>(
            shared.staging, shared.key_column, plain_below, shared.carry,
            reinterpret_cast<float2*>(strips.values) + static_cast<index_t>(blockIdx.x) * strips.length, tile,
            tile + 1 == query_tiles, item != begin, 1 / ds_scale);
    }

    float dk_factor[Core::kRows], dv_factor[Core::kRows];
#pragma unroll
    for (int r = 0; r < Core::kRows; ++r) {
      dk_factor[r] = l.scale / ds_scale;
      dv_factor[r] = 1;
    }
    Core::put(shared.k, dk, dk_factor);
    Core::put(shared.v, dv, dv_factor);
    __syncthreads();
    store_tile<D, ld>(a.dk + kv_at, shared.k, l.kv_stride, rows, l.head_size, l.vectors);
    store_tile<D, ld>(a.dv + kv_at, shared.v, l.kv_stride, rows, l.head_size, l.vectors);
    __syncthreads();
  }
}

}  // namespace poster::kernels
