#include "kernels/window_attention/window_attention.h"

#include <algorithm>

#include "kernels/attention/cpu_core.h"
#include "kernels/cpu/isa.h"

namespace poster::kernels::POSTER_ISA {

namespace {

// backwards[heads, (2 window - 1)²]: each head's table from its last entry to its first
// (AttentionHead::bias).
template <typename T>
void turn_table(const WindowAttentionShape& s, const T* table, T* backwards) {
  const index_t size = s.table_rows();
  for (index_t h = 0; h < s.heads; ++h)
    for (index_t i = 0; i < size; ++i) backwards[h * size + i] = table[(size - 1 - i) * s.heads + h];
}

// Head h of window `w`, counted over all images.
template <typename T, typename Arguments>
AttentionHead<T> head_of(const Arguments& a, const T* backwards, index_t w, index_t h) {
  const WindowAttentionShape& s = a.shape;
  const index_t tokens = s.tokens(), channels = s.channels();
  const T* kv = a.kv + w * tokens * 2 * channels + h * s.head_size;
  return {.q = a.q + w / s.windows_per_image * tokens * channels + h * s.head_size,
          .k = kv,
          .v = kv + channels,
          .queries = tokens,
          .keys = tokens,
          .head_size = s.head_size,
          .q_stride = channels,
          .kv_stride = 2 * channels,
          .scale = static_cast<T>(s.scale),
          .bias = backwards + h * s.table_rows(),
          .window = s.window};
}

// dtable[i, h] = sum over groups, in order, of backwards[group, h, last - i].
template <typename T>
void sum_tables(CpuQueue& queue, const WindowAttentionShape& s, index_t groups, const T* backwards,
                T* dtable) {
  const index_t size = s.table_rows();
  constexpr index_t kRun = 64;
  queue.parallel_for(ceil_div(size, kRun), [&](index_t task) {
    const index_t begin = task * kRun, count = std::min(kRun, size - begin);
    for (index_t h = 0; h < s.heads; ++h) {
      T sum[kRun] = {};
      for (index_t group = 0; group < groups; ++group) {
        const T* part = backwards + (group * s.heads + h) * size + begin;
#pragma omp simd
        for (index_t i = 0; i < count; ++i) sum[i] += part[i];
      }
      for (index_t i = 0; i < count; ++i) dtable[(size - 1 - begin - i) * s.heads + h] = sum[i];
    }
  });
}

}  // namespace

template <typename T>
void compute(Here, CpuQueue& queue, const WindowAttentionForward<T>& a) {
  const WindowAttentionShape& s = a.shape;
  const index_t tokens = s.tokens(), channels = s.channels();
  const index_t block = query_block(tokens), blocks = ceil_div(tokens, block);
  T* backwards = queue.shared_scratch<T>(s.heads * s.table_rows());
  turn_table(s, a.table, backwards);
  queue.parallel_for(s.windows() * s.heads * blocks, [&](index_t task, int worker) {
    const index_t first = task % blocks * block;
    const index_t h = task / blocks % s.heads, w = task / blocks / s.heads;
    attend(head_of<T>(a, backwards, w, h), first, std::min(block, tokens - first),
           a.out + (w * tokens + first) * channels + h * s.head_size, channels,
           a.lse ? a.lse + (w * s.heads + h) * tokens + first : nullptr,
           queue.worker_scratch<T>(worker, attend_scratch<T>(block, tokens, s.head_size)));
  });
}

template <typename T>
void compute(Here, CpuQueue& queue, const WindowAttentionBackward<T>& a) {
  const WindowAttentionShape& s = a.shape;
  const index_t tokens = s.tokens(), channels = s.channels(), size = s.table_rows();
  const index_t block = query_block(tokens);
  // A task is one head of a group of windows. The windows of an image share dq: where it is wanted they form
  // one group, gone through in order.
  const index_t group = a.dq ? s.windows_per_image : 1;
  const index_t groups = s.windows() / group;
  T* backwards = queue.shared_scratch<T>((groups + 1) * s.heads * size);
  T* dbackwards = backwards + s.heads * size;
  turn_table(s, a.table, backwards);
  queue.parallel_for(groups * s.heads, [&](index_t task, int worker) {
    const index_t h = task % s.heads, first = task / s.heads * group;
    T* scratch = queue.worker_scratch<T>(worker, attend_backward_scratch<T>(block, tokens, s.head_size));
    T* dbias = dbackwards + task * size;
    std::fill_n(dbias, size, T(0));
    for (index_t w = first; w < first + group; ++w) {
      T* dkv = a.dkv + w * tokens * 2 * channels + h * s.head_size;
      const index_t at = w * tokens * channels + h * s.head_size;
      attend_backward(
          head_of<T>(a, backwards, w, h),
          AttentionHeadGradients<T>{
              .dq = a.dq ? a.dq + w / s.windows_per_image * tokens * channels + h * s.head_size : nullptr,
              .dk = dkv,
              .dv = dkv + channels,
              .dbias = dbias,
              .dout = a.dout + at,
              .out = a.out + at,
              .out_stride = channels,
              .lse = a.lse + (w * s.heads + h) * tokens,
              .accumulate_dq = w != first},
          scratch);
    }
  });
  sum_tables(queue, s, groups, dbackwards, a.dtable);
}

// A window's row is w channels elements in a row in both layouts. A task is one row of windows.
template <typename T>
void compute(Here, CpuQueue& queue, const WindowPartition<T>& a) {
  const index_t run = a.window * a.channels;
  queue.parallel_for(a.batch * a.rows, [&](index_t task) {
    const index_t base = task * a.window * a.columns * run;
    for (index_t column = 0; column < a.columns; ++column)
      for (index_t row = 0; row < a.window; ++row) {
        const index_t in_map = base + (row * a.columns + column) * run;
        const index_t in_windows = base + (column * a.window + row) * run;
        std::copy_n(a.x + (a.reverse ? in_windows : in_map), run, a.out + (a.reverse ? in_map : in_windows));
      }
  });
}

}  // namespace poster::kernels::POSTER_ISA

namespace poster::kernels {

template struct CpuKernel<POSTER_ISA::Here, WindowAttentionForward<float>>;
template struct CpuKernel<POSTER_ISA::Here, WindowAttentionForward<double>>;
template struct CpuKernel<POSTER_ISA::Here, WindowAttentionBackward<float>>;
template struct CpuKernel<POSTER_ISA::Here, WindowAttentionBackward<double>>;
template struct CpuKernel<POSTER_ISA::Here, WindowPartition<float>>;
template struct CpuKernel<POSTER_ISA::Here, WindowPartition<double>>;

}  // namespace poster::kernels
