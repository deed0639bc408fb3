#include "kernels/attention/cuda_shape.h"

namespace poster::kernels {

template <typename T>
void compute(CudaQueue& queue, const AttentionBackward<T>& a) {
  const AttentionShape& s = a.shape;
  const bool vectors = vectors_fit_heads(s, a.dq, a.dk, a.dv, a.dout, a.out, a.q, a.k, a.v);
  const HeadsBackward<T> heads{a.dq,  a.dk, a.dv, nullptr, a.dout,  a.out,
                               a.lse, a.q,  a.k,  a.v,     nullptr, layout_of(a.name, s, vectors)};
  const HeadLayout& l = heads.layout;
  if (takes_single_query(l))
    launch(queue, a.name, single_query_backward_kernel<T>, blocks_for(s.batch * s.heads, 1),
           kAttentionThreads, l.keys * sizeof(float), heads);
  else
    with_padded_head_size<32, 64, 96, 128>(
        a.name, l.head_size, [&](auto size) { launch_heads_backward<size(), false>(queue, a.name, heads); });
}

template struct CudaKernel<AttentionBackward<float>>;
template struct CudaKernel<AttentionBackward<Half>>;

}  // namespace poster::kernels
