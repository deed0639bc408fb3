#include "kernels/attention/cuda_shape.h"

namespace poster::kernels {

template <typename T>
void attention_backward(CudaQueue& queue, const AttentionBackward<T>& a) {
  constexpr const char* op = "attention_backward";
  const AttentionShape& s = a.shape;
  const bool vectors = vectors_fit_heads(s, a.dq, a.dk, a.dv, a.dout, a.out, a.q, a.k, a.v);
  const HeadsBackward<T> heads{a.dq,  a.dk, a.dv, nullptr, a.dout,  a.out,
                               a.lse, a.q,  a.k,  a.v,     nullptr, layout_of(op, s, vectors)};
  const HeadLayout& l = heads.layout;
  if (takes_single_query(l))
    launch(queue, op, single_query_backward_kernel<T>, blocks_for(s.batch * s.heads, 1), kAttentionThreads,
           l.keys * sizeof(float), heads);
  else
    with_padded_head_size<32, 64, 96, 128>(
        op, l.head_size, [&](auto size) { launch_heads_backward<size(), false>(queue, op, heads); });
}

}  // namespace poster::kernels

POSTER_CUDA_KERNEL(attention_backward, AttentionBackward)
