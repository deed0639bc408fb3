// dq: a block takes M queries of one head and goes through the keys of all items that share them, in order.
#pragma once

#include "kernels/attention/backward.cuh"

namespace poster::kernels {

template <typename Core, bool kBias>
struct BackwardQueriesShared {
  using T = typename Core::Element;
  alignas(16) T q[Core::kM * Core::kLd];
  alignas(16) T dout[Core::kM * Core::kLd];
  alignas(16) T k[Core::kStages][Core::kN * Core::kLd];
  alignas(16) T v[Core::kStages][Core::kN * Core::kLd];
  alignas(16) T staging[Core::kStaged ? Core::kM * Core::kStagingLd : 8];
  BiasStrip<kBias ? Core::kM + Core::kN : 1> strip;
  int key_column[kBias ? Core::kN : 1];
};

template <typename Core, bool kBias>
__global__ void __launch_bounds__(kAttentionThreads, Core::kBackwardBlocks)
    heads_backward_queries_kernel(HeadsBackward<typename Core::Element> a, const float* delta) {
  using T = typename Core::Element;
  constexpr int M = Core::kM, N = Core::kN, D = Core::kD, ld = Core::kLd, kStages = Core::kStages;
  auto& shared = *dynamic_shared<BackwardQueriesShared<Core, kBias>>();
  const HeadLayout& l = a.layout;
  const int thread = static_cast<int>(threadIdx.x), tiles = tiles_for(l.queries, M);
  const int first = static_cast<int>(blockIdx.x) % tiles * M;
  const int head = static_cast<int>(blockIdx.x) / tiles % l.heads;
  const int first_item = static_cast<int>(blockIdx.x) / tiles / l.heads * l.items_per_q;
  const int rows = min(M, l.queries - first), key_tiles = tiles_for(l.keys, N);
  const float factor = l.scale * kLog2E, ds_scale = score_gradient_scale<Core>(l.keys);
  const index_t q_at = l.q_at(first_item, head) + first * l.q_stride;

  const BiasTable table{offset(a.table, kBias ? head : 0), l.window, l.heads};
  Division next_tile{}, next_tile_back{};
  int row_column[Core::kRows];
  if constexpr (kBias) {
    next_tile = Division::of(N, l.window);
    next_tile_back = Division::of(-N, l.window);
#pragma unroll
    for (int r = 0; r < Core::kRows; ++r) row_column[r] = (first + Core::row(r)) % l.window;
  }

  load_tile<D, M, ld>(shared.q, a.q + q_at, l.q_stride, rows, l.head_size, l.vectors);
  typename Core::Output dq = {};
  for (int item = first_item; item < first_item + l.items_per_q; ++item) {
    const T* const k = a.k + l.kv_at(item, head);
    const T* const v = a.v + l.kv_at(item, head);
    const auto load_keys = [&](int tile) {
      const int key = tile * N, stage = tile % kStages;
      load_tile<D, N, ld>(shared.k[stage], k + key * l.kv_stride, l.kv_stride, l.keys - key, l.head_size,
                          l.vectors);
      load_tile<D, N, ld>(shared.v[stage], v + key * l.kv_stride, l.kv_stride, l.keys - key, l.head_size,
                          l.vectors);
      close_copy_group();
    };
    load_tile<D, M, ld>(shared.dout, a.dout + l.out_at(item, head) + first * l.out_stride, l.out_stride, rows,
                        l.head_size, l.vectors);
    load_keys(0);
    // As in the forward pass.
    BiasPair next_bias{};
    Division difference{}, key{};
    if constexpr (kBias) {
      difference = Division::of(first + thread - (N - 1), l.window);
      key = Division::of(thread, l.window);
      next_bias = table.get(difference);
    }
    float row_lse[Core::kRows], row_delta[Core::kRows];
#pragma unroll
    for (int r = 0; r < Core::kRows; ++r) {
      const int row = Core::row(r);
      const index_t at = l.row_at(item, head) + first + row;
      row_lse[r] = row < rows ? a.lse[at] * kLog2E : 0;
      row_delta[r] = row < rows ? delta[at] * ds_scale : 0;
    }
    wait_for_copies<0>();
    __syncthreads();
    const typename Core::Operand q = Core::operand(shared.q), dout = Core::operand(shared.dout);

    for (int tile = 0; tile < key_tiles; ++tile) {
      if (kStages > 1 && tile + 1 < key_tiles) load_keys(tile + 1);
      if constexpr (kBias) {
        if (thread < M + N) shared.strip.set(thread, next_bias);
        if (thread < N) shared.key_column[thread] = key.remainder;
      }
      if (kStages > 1 && tile + 1 < key_tiles)
        wait_for_copies<1>();
      else
        wait_for_copies<0>();
      __syncthreads();  // the tile is there
      if constexpr (kBias) {
        difference.add(next_tile_back, l.window);
        key.add(next_tile, l.window);
        next_bias = table.get(difference);
      }

      const T* const k_tile = shared.k[tile % kStages];
      const T* const v_tile = shared.v[tile % kStages];
      typename Core::Scores p, ds;
      Core::scores(p, q, k_tile);
      Core::scores(ds, dout, v_tile);
      const auto bias = shared.strip.from(kBias ? Core::row0() - Core::col0() + N - 1 : 0);
      const int* const key_column = shared.key_column + Core::col0();
#pragma unroll
      for (int c = 0; c < Core::kCols; ++c) {
        const int column = kBias ? key_column[Core::col_step(c)] : 0;
#pragma unroll
        for (int r = 0; r < Core::kRows; ++r) {
          float s = p[r][c] * factor;
          if constexpr (kBias) s += bias.at(Core::row_step(r) - Core::col_step(c), row_column[r] < column);
          p[r][c] = exp2_fast(s - row_lse[r]);
        }
      }
      set_columns<Core>(p, l.keys - tile * N, 0);
#pragma unroll
      for (int c = 0; c < Core::kCols; ++c)
#pragma unroll
        for (int r = 0; r < Core::kRows; ++r) ds[r][c] = p[r][c] * (ds[r][c] * ds_scale - row_delta[r]);
      if constexpr (Core::kStaged) Core::stage(ds, shared.staging);
      Core::accumulate(dq, ds, k_tile, shared.staging);
      __syncthreads();  // the tile is done with
      if (kStages == 1 && tile + 1 < key_tiles) load_keys(tile + 1);
    }
  }

  float dq_factor[Core::kRows];
#pragma unroll
  for (int r = 0; r < Core::kRows; ++r) dq_factor[r] = l.scale / ds_scale;
  Core::put(shared.q, dq, dq_factor);
  __syncthreads();
  store_tile<D, ld>(a.dq + q_at, shared.q, l.q_stride, rows, l.head_size, l.vectors);
}

}  // namespace poster::kernels
