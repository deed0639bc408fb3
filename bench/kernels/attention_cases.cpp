#include <cmath>

#include "bench/kernels/kernel_cases.h"
#include "bench/kernels/network_sizes.h"
#include "kernels/attention/attention.h"
#include "kernels/window_attention/window_attention.h"

namespace poster::bench {
namespace {

using namespace kernels;

// Of the matrix products: two forward, five backward, where the scores are computed again.
double attention_flops(int products, index_t pairs, index_t head_size) {
  return 2.0 * products * static_cast<double>(pairs) * static_cast<double>(head_size);
}

// The transformer's, packed as it is there: [tokens, 3, heads, head_size], or with a query of its own.
template <typename T>
void add_attention(CaseList<T>& cases, index_t queries) {
  const NetworkSizes& n = network_sizes();
  const index_t batch = cases.batch(), width = n.width, head_size = width / n.heads;
  const bool packed = queries == n.tokens;
  const index_t stride = (packed ? 3 : 2) * width;
  const AttentionShape s{.batch = batch,
                         .heads = n.heads,
                         .head_size = head_size,
                         .queries = queries,
                         .keys = n.tokens,
                         .q_stride = packed ? stride : width,
                         .kv_stride = stride,
                         .scale = 1 / std::sqrt(static_cast<double>(head_size))};
  const index_t out = batch * queries * width, kv = batch * n.tokens * stride,
                lse = batch * n.heads * queries, pairs = lse * n.tokens;
  const std::string shape = by({queries, n.tokens, n.heads, head_size});
  cases.add(
      POSTER_OP(attention_forward), shape,
      [=](Operands& m) {
        const T* const packed_qkv = m.random<T>(kv);
        const T* const k = packed_qkv + (packed ? width : 0);
        return AttentionForward<T>{.out = m.output<T>(out),
                                   .lse = m.output<acc_t<T>>(lse),
                                   .q = packed ? packed_qkv : m.random<T>(out),
                                   .k = k,
                                   .v = k + width,
                                   .shape = s};
      },
      attention_flops(2, pairs, head_size));
  cases.add(
      POSTER_OP(attention_backward), shape,
      [=](Operands& m) {
        const T* const packed_qkv = m.random<T>(kv);
        T* const gradients = m.output<T>(kv);
        const index_t k = packed ? width : 0;
        return AttentionBackward<T>{.dq = packed ? gradients : m.output<T>(out),
                                    .dk = gradients + k,
                                    .dv = gradients + k + width,
                                    .dout = m.random<T>(out),
                                    .out = m.random<T>(out),
                                    .lse = m.positive<acc_t<T>>(lse),
                                    .q = packed ? packed_qkv : m.random<T>(out),
                                    .k = packed_qkv + k,
                                    .v = packed_qkv + k + width,
                                    .shape = s};
      },
      attention_flops(5, pairs, head_size));
}

template <typename T>
void add_window(CaseList<T>& cases, const LevelSizes& level, bool query_gradient) {
  const index_t batch = cases.batch(), head_size = level.width / level.heads;
  const WindowAttentionShape s{.batch = batch,
                               .windows_per_image = 1,
                               .window = level.side,
                               .heads = level.heads,
                               .head_size = head_size,
                               .scale = 1 / std::sqrt(static_cast<double>(head_size))};
  const index_t map = batch * s.tokens() * s.channels(), lse = batch * s.heads * s.tokens(),
                table = (2 * s.window - 1) * (2 * s.window - 1) * s.heads, pairs = lse * s.tokens();
  const std::string shape = by({level.side, level.side, level.heads, head_size});
  cases.add(
      POSTER_OP(window_attention_forward), shape,
      [=](Operands& m) {
        return WindowAttentionForward<T>{.out = m.output<T>(map),
                                         .lse = m.output<acc_t<T>>(lse),
                                         .q = m.random<T>(map),
                                         .kv = m.random<T>(2 * map),
                                         .table = m.random<acc_t<T>>(table),
                                         .shape = s};
      },
      attention_flops(2, pairs, head_size));
  cases.add(
      POSTER_OP(window_attention_backward), shape,
      [=](Operands& m) {
        return WindowAttentionBackward<T>{.dq = query_gradient ? m.output<T>(map) : nullptr,
                                          .dkv = m.output<T>(2 * map),
                                          .dtable = m.output<acc_t<T>>(table),
                                          .dout = m.random<T>(map),
                                          .out = m.random<T>(map),
                                          .lse = m.positive<acc_t<T>>(lse),
                                          .q = m.random<T>(map),
                                          .kv = m.random<T>(2 * map),
                                          .table = m.random<acc_t<T>>(table),
                                          .shape = s};
      },
      attention_flops(query_gradient ? 5 : 4, pairs, head_size));
}

// Of a map four windows large; the network's own maps are one window each.
template <typename T>
void add_partition(CaseList<T>& cases, const LevelSizes& level) {
  const index_t batch = cases.batch(), count = batch * 4 * level.tokens() * level.width;
  for (const bool reverse : {false, true})
    cases.add(POSTER_OP(window_partition),
              by({2 * level.side, 2 * level.side, level.width}) + (reverse ? "_reverse" : ""),
              [=](Operands& m) {
                return WindowPartition<T>{.out = m.output<T>(count),
                                          .x = m.random<T>(count),
                                          .batch = batch,
                                          .rows = 2,
                                          .columns = 2,
                                          .window = level.side,
                                          .channels = level.width,
                                          .reverse = reverse};
              });
}

}  // namespace

template <typename T>
void add_attention_cases(CaseList<T>& cases) {
  const NetworkSizes& n = network_sizes();
  add_attention(cases, n.tokens);
  add_attention(cases, 1);
  // The landmark maps of the first two levels are frozen: nobody wants the gradient of their queries.
  for (const LevelSizes& level : n.levels) add_window(cases, level, &level == &n.levels.back());
  add_partition(cases, n.levels.front());
}

template void add_attention_cases(CaseList<float>&);
template void add_attention_cases(CaseList<Half>&);

}  // namespace poster::bench
