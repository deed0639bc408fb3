#include "kernels/attention/attention.h"

#include <algorithm>

#include "kernels/attention/cpu_core.h"
#include "kernels/cpu/isa.h"

namespace poster::kernels::POSTER_ISA {

namespace {

// Offsets of image b, head h, in q, in k and v, and in out.
struct HeadOffsets {
  HeadOffsets(const AttentionShape& s, index_t b, index_t h)
      : q(b * s.queries * s.q_stride + h * s.head_size),
        kv(b * s.keys * s.kv_stride + h * s.head_size),
        out((b * s.queries * s.heads + h) * s.head_size),
        lse((b * s.heads + h) * s.queries) {}
  index_t q, kv, out, lse;
};

template <typename T, typename Arguments>
AttentionHead<T> head_of(const Arguments& a, const HeadOffsets& at) {
  const AttentionShape& s = a.shape;
  return {.q = a.q + at.q,
          .k = a.k + at.kv,
          .v = a.v + at.kv,
          .queries = s.queries,
          .keys = s.keys,
          .head_size = s.head_size,
          .q_stride = s.q_stride,
          .kv_stride = s.kv_stride,
          .scale = static_cast<T>(s.scale)};
}

}  // namespace

template <typename T>
void compute(Here, CpuQueue& queue, const AttentionForward<T>& a) {
  const AttentionShape& s = a.shape;
  const index_t block = query_block(s.queries), blocks = ceil_div(s.queries, block);
  queue.parallel_for(s.batch * s.heads * blocks, [&](index_t task, int worker) {
    const index_t first = task % blocks * block;
    const HeadOffsets at(s, task / blocks / s.heads, task / blocks % s.heads);
    const index_t out_stride = s.heads * s.head_size;
    attend(head_of<T>(a, at), first, std::min(block, s.queries - first), a.out + at.out + first * out_stride,
           out_stride, a.lse ? a.lse + at.lse + first : nullptr,
           queue.worker_scratch<T>(worker, attend_scratch<T>(block, s.keys, s.head_size)));
  });
}

template <typename T>
void compute(Here, CpuQueue& queue, const AttentionBackward<T>& a) {
  const AttentionShape& s = a.shape;
  const index_t block = query_block(s.queries);
  queue.parallel_for(s.batch * s.heads, [&](index_t task, int worker) {
    const HeadOffsets at(s, task / s.heads, task % s.heads);
    const AttentionHeadGradients<T> g{.dq = a.dq + at.q,
                                      .dk = a.dk + at.kv,
                                      .dv = a.dv + at.kv,
                                      .dbias = nullptr,
                                      .dout = a.dout + at.out,
                                      .out = a.out + at.out,
                                      .out_stride = s.heads * s.head_size,
                                      .lse = a.lse + at.lse,
                                      .accumulate_dq = false};
    attend_backward(head_of<T>(a, at), g,
                    queue.worker_scratch<T>(worker, attend_backward_scratch<T>(block, s.keys, s.head_size)));
  });
}

}  // namespace poster::kernels::POSTER_ISA

namespace poster::kernels {

template struct CpuKernel<POSTER_ISA::Here, AttentionForward<float>>;
template struct CpuKernel<POSTER_ISA::Here, AttentionForward<double>>;
template struct CpuKernel<POSTER_ISA::Here, AttentionBackward<float>>;
template struct CpuKernel<POSTER_ISA::Here, AttentionBackward<double>>;

}  // namespace poster::kernels
