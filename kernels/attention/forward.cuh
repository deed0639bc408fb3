// The forward pass: a block takes M queries of one head and goes through the keys in tiles of N with an
// online softmax. Source: Dao, "FlashAttention-2", 2023.
//
// In 16 bits M = N = 64, and each of 4 warps has 16 of the queries: q stays in registers as the left factor,
// scores and output are accumulated there, and probabilities become the next product's left factor as they
// lie. Values of a tile arrive (cp.async) while its scores are multiplied, the next keys while the values are.
// Memory sees q, k, v and out once; blocks of one head read the same k and v from the L2 cache. Of 148 tokens
// and heads of 96 (the transformer's) a tile has 64 x 64 x 96 x 4 FLOP for 24 KB: products decide. Estimated,
// until a GPU measures it: 170 d / (d + 24) TFLOP/s for heads of d, with a bias 110; of a ceiling of 790 that
// is 0.17 for d = 96. Warpgroup products (wgmma) would double it, and the transformer's attention takes 2 % of
// a step.
#pragma once

#include "kernels/attention/bias.cuh"
#include "kernels/attention/layout.cuh"
#include "kernels/attention/tile.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/shared.cuh"

namespace poster::kernels {

template <typename Core, bool kBias>
struct ForwardShared {
  using T = typename Core::Element;
  static constexpr int kLength = kBias ? Core::kM + Core::kN : 1;
  alignas(16) T q[Core::kM * Core::kLd];
  alignas(16) T k[Core::kN * Core::kLd];
  alignas(16) T v[Core::kN * Core::kLd];
  alignas(16) T staging[Core::kStaged ? Core::kM * Core::kStagingLd : 8];
  BiasStrip<kLength> strip;
  int key_column[kBias ? Core::kN : 1];
};

// Running maximum (of base-2 scores) and sum of a thread's rows.
template <typename Core>
struct OnlineSoftmax {
  float maximum[Core::kRows], sum[Core::kRows];

  __device__ void start() {
#pragma unroll
    for (int r = 0; r < Core::kRows; ++r) {
      maximum[r] = -INFINITY;
      sum[r] = 0;
    }
  }

  // Turns scores into probabilities but for the rows' factors, and brings `o` to the new maximum.
  __device__ void add(typename Core::Scores& s, typename Core::Output& o) {
#pragma unroll
    for (int r = 0; r < Core::kRows; ++r) {
      float largest = s[r][0];
#pragma unroll
      for (int c = 1; c < Core::kCols; ++c) largest = fmaxf(largest, s[r][c]);
      largest = fmaxf(maximum[r], group_max<Core::kRowLanes>(largest));
      // Where all is -infinity so far there is nothing to subtract.
      const float base = largest == -INFINITY ? 0 : largest;
      const float rescale = exp2_fast(maximum[r] - base);
      maximum[r] = largest;
      float added = 0;
#pragma unroll
      for (int c = 0; c < Core::kCols; ++c) {
        s[r][c] = exp2_fast(s[r][c] - base);
        added += s[r][c];
      }
      sum[r] = sum[r] * rescale + added;
#pragma unroll
      for (int c = 0; c < Core::kOutCols; ++c) o[r][c] *= rescale;
    }
  }
};

template <typename Core, bool kBias>
__global__ void __launch_bounds__(kAttentionThreads, Core::kForwardBlocks)
    heads_forward_kernel(HeadsForward<typename Core::Element> a) {
  using T = typename Core::Element;
  constexpr int M = Core::kM, N = Core::kN, D = Core::kD, ld = Core::kLd;
  auto& shared = *dynamic_shared<ForwardShared<Core, kBias>>();
  const HeadLayout& l = a.layout;
  const int thread = static_cast<int>(threadIdx.x), tiles = tiles_for(l.queries, M);
  const int first = static_cast<int>(blockIdx.x) % tiles * M;
  const int head = static_cast<int>(blockIdx.x) / tiles % l.heads;
  const int item = static_cast<int>(blockIdx.x) / tiles / l.heads;
  const int rows = min(M, l.queries - first);
  const T* const k = a.k + l.kv_at(item, head);
  const T* const v = a.v + l.kv_at(item, head);

  load_tile<D, M, ld>(shared.q, a.q + l.q_at(item, head) + first * l.q_stride, l.q_stride, rows, l.head_size,
                      l.vectors);
  load_tile<D, N, ld>(shared.k, k, l.kv_stride, l.keys, l.head_size, l.vectors);
  close_copy_group();
  // Thread i has pair i of the next tile's strip in hand, and the column in the window of its key i.
  const BiasTable table{offset(a.table, kBias ? head : 0), l.window, l.heads};
  BiasPair next_bias{};
  Division difference{}, key{}, next_tile{}, next_tile_back{};
  int row_column[Core::kRows];
  if constexpr (kBias) {
    difference = Division::of(first + thread - (N - 1), l.window);
    key = Division::of(thread, l.window);
    next_tile = Division::of(N, l.window);
    next_tile_back = Division::of(-N, l.window);
    next_bias = table.get(difference);
#pragma unroll
    for (int r = 0; r < Core::kRows; ++r) row_column[r] = (first + Core::row(r)) % l.window;
  }
  wait_for_copies<0>();
  __syncthreads();
  const typename Core::Operand q = Core::operand(shared.q);

  typename Core::Output o = {};
  OnlineSoftmax<Core> softmax;
  softmax.start();
  for (int begin = 0; begin < l.keys; begin += N) {
    if constexpr (kBias) {
      if (thread < M + N) shared.strip.set(thread, next_bias);
      if (thread < N) shared.key_column[thread] = key.remainder;
    }
    wait_for_copies<0>();
    __syncthreads();  // the keys and the strip are there, the last values are done with
    load_tile<D, N, ld>(shared.v, v + begin * l.kv_stride, l.kv_stride, l.keys - begin, l.head_size,
                        l.vectors);
    close_copy_group();
    if constexpr (kBias) {
      difference.add(next_tile_back, l.window);
      key.add(next_tile, l.window);
      next_bias = table.get(difference);
    }

    typename Core::Scores s;
    Core::scores(s, q, shared.k);
    const float factor = l.scale * kLog2E;
    const auto bias = shared.strip.from(kBias ? Core::row0() - Core::col0() + N - 1 : 0);
    const int* const key_column = shared.key_column + Core::col0();
#pragma unroll
    for (int c = 0; c < Core::kCols; ++c) {
      const int column = kBias ? key_column[Core::col_step(c)] : 0;
#pragma unroll
      for (int r = 0; r < Core::kRows; ++r)
        if constexpr (kBias)
          s[r][c] = s[r][c] * factor + bias.at(Core::row_step(r) - Core::col_step(c), row_column[r] < column);
        else
          s[r][c] *= factor;
    }
    set_columns<Core>(s, l.keys - begin, -INFINITY);
    softmax.add(s, o);
    if constexpr (Core::kStaged) Core::stage(s, shared.staging);

    wait_for_copies<0>();
    __syncthreads();  // the values are there, the keys are done with
    if (begin + N < l.keys)
      load_tile<D, N, ld>(shared.k, k + (begin + N) * l.kv_stride, l.kv_stride, l.keys - begin - N,
                          l.head_size, l.vectors);
    close_copy_group();
    Core::accumulate(o, s, shared.v, shared.staging);
  }

  float inverse[Core::kRows];
#pragma unroll
  for (int r = 0; r < Core::kRows; ++r) {
    const float sum = group_sum<Core::kRowLanes>(softmax.sum[r]);
    inverse[r] = 1 / sum;
    const int row = Core::row(r);
    if (a.lse && thread % Core::kRowLanes == 0 && row < rows)
      a.lse[l.row_at(item, head) + first + row] = softmax.maximum[r] * kLn2 + logf(sum);
  }
  wait_for_copies<0>();
  Core::put(shared.q, o, inverse);  // rows that this warp alone reads
  __syncthreads();
  store_tile<D, ld>(a.out + l.out_at(item, head) + first * l.out_stride, shared.q, l.out_stride, rows,
                    l.head_size, l.vectors);
}

}  // namespace poster::kernels
