// Starts the kernels of attention with tiles that suit the type and the head's size.
#pragma once

#include <string>
#include <type_traits>

#include "kernels/attention/backward.cuh"
#include "kernels/attention/backward_queries.cuh"
#include "kernels/attention/float_core.cuh"
#include "kernels/attention/forward.cuh"
#include "kernels/attention/half_core.cuh"
#include "kernels/cuda/kernel.cuh"

namespace poster::kernels {

// Shared memory stays below 99 KB, what every device with tensor cores has, and registers below 255.
template <typename T, int D>
struct AttentionCores;
template <int D>
struct AttentionCores<Half, D> {
  using Forward = HalfCore<D, 64, true>;
  using Backward = HalfCore<D, D <= 64 ? 64 : 32, D <= 96>;
};
template <int D>
struct AttentionCores<float, D> {
  using Forward = FloatCore<D, 64, D <= 96 ? 64 : 32>;
  using Backward = FloatCore<D, D <= 96 ? 64 : 32, D <= 64 ? 64 : 32>;
};

inline int checked_int(const char* op, const char* what, index_t value) {
  if (value < 0 || value > 1 << 28)
    throw CudaError("CUDA: " + std::string(op) + ": " + std::to_string(value) + " " + what);
  return static_cast<int>(value);
}

// Calls run(size) with the smallest of `sizes` (as std::integral_constant) that holds a head.
template <int size, int... larger, typename Run>
void with_padded_head_size(const char* op, int head_size, const Run& run) {
  if (head_size <= size)
    run(std::integral_constant<int, size>());
  else if constexpr (sizeof...(larger) > 0)
    with_padded_head_size<larger...>(op, head_size, run);
  else
    throw CudaError("CUDA: " + std::string(op) + ": heads of " + std::to_string(head_size) +
                    ", and no more than " + std::to_string(size) + " can be taken");
}

template <int D, bool kBias, typename T>
void launch_heads_forward(CudaQueue& queue, const char* op, const HeadsForward<T>& a) {
  using Core = typename AttentionCores<T, D>::Forward;
  const HeadLayout& l = a.layout;
  const index_t blocks = static_cast<index_t>(tiles_for(l.queries, Core::kM)) * l.heads * l.items;
  launch(queue, op, heads_forward_kernel<Core, kBias>, blocks_for(blocks, 1), kAttentionThreads,
         sizeof(ForwardShared<Core, kBias>), a);
}

template <int D, bool kBias, typename T>
void launch_heads_backward(CudaQueue& queue, const char* op, const HeadsBackward<T>& a,
                           index_t most_pairs = kMaxPairs) {
  using Core = typename AttentionCores<T, D>::Backward;
  constexpr int M = Core::kM, N = Core::kN;
  const HeadLayout& l = a.layout;
  const index_t rows = static_cast<index_t>(l.items) * l.heads * l.queries;
  BiasStrips strips{.values = nullptr, .groups = l.items, .items_per_group = 1, .length = 0};
  if (kBias) strips = bias_strips(l, M, N, most_pairs);
  const index_t strip_floats = kBias ? bias_strip_floats(l, strips, M) : 0;
  strips.values = queue.scratch<float>(strip_floats + rows);
  float* const delta = offset(strips.values, strip_floats);

  launch(queue, op, heads_delta_kernel<T>, blocks_for(rows * 4, 256), 256, 0, delta, a);
  const index_t key_blocks = static_cast<index_t>(strips.groups) * l.heads * tiles_for(l.keys, M);
  launch(queue, op, heads_backward_keys_kernel<Core, kBias>, blocks_for(key_blocks, 1), kAttentionThreads,
         sizeof(BackwardKeysShared<Core, kBias>), a, static_cast<const float*>(delta), strips);
  if (a.dq) {
    const index_t query_blocks =
        static_cast<index_t>(l.items / l.items_per_q) * l.heads * tiles_for(l.queries, M);
    launch(queue, op, heads_backward_queries_kernel<Core, kBias>, blocks_for(query_blocks, 1),
           kAttentionThreads, sizeof(BackwardQueriesShared<Core, kBias>), a,
           static_cast<const float*>(delta));
  }
  if constexpr (kBias)
    launch(queue, op, reduce_bias_strips_kernel<>,
           dim3(blocks_for(2 * static_cast<index_t>(l.keys) - 1, 32), static_cast<unsigned>(l.heads)),
           dim3(32, 16), 0, a.dtable, strips, l, M);
}

}  // namespace poster::kernels
