#include <cmath>

#include "bench/kernels/kernel_cases.h"
#include "bench/kernels/network_sizes.h"
#include "kernels/attention/attention.h"
#include "kernels/window_attention/window_attention.h"

namespace poster::bench {
namespace {

using namespace kernels;

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
  const index_t kv = batch * n.tokens * stride;
  const index_t k = packed ? width : 0;  // in a token
  const std::string shape = by({queries, n.tokens, n.heads, head_size});
  cases.add(shape, AttentionForward<T>{.shape = s},
            {.with = {"lse"}, .given = [=](Operands& m, AttentionForward<T>& a) {
               const T* const packed_qkv = m.random<T>(kv);
               if (packed) a.q = packed_qkv;
               a.k = packed_qkv + k;
               a.v = a.k + width;
             }});
  cases.add(shape, AttentionBackward<T>{.shape = s}, {.given = [=](Operands& m, AttentionBackward<T>& a) {
              const T* const packed_qkv = m.random<T>(kv);
              T* const gradients = m.output<T>(kv);
              if (packed) a.q = packed_qkv, a.dq = gradients;
              a.k = packed_qkv + k;
              a.v = a.k + width;
              a.dk = gradients + k;
              a.dv = a.dk + width;
            }});
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
  const std::string shape = by({level.side, level.side, level.heads, head_size});
  cases.add(shape, WindowAttentionForward<T>{.shape = s}, {.with = {"lse"}});
  cases.add(shape, WindowAttentionBackward<T>{.shape = s},
            {.with = query_gradient ? std::set<std::string>{"dq"} : std::set<std::string>{}});
}

// Of a map four windows large; the network's own maps are one window each.
template <typename T>
void add_partition(CaseList<T>& cases, const LevelSizes& level) {
  for (const bool reverse : {false, true})
    cases.add(by({2 * level.side, 2 * level.side, level.width}) + (reverse ? "_reverse" : ""),
              WindowPartition<T>{.batch = cases.batch(),
                                 .rows = 2,
                                 .columns = 2,
                                 .window = level.side,
                                 .channels = level.width,
                                 .reverse = reverse});
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
