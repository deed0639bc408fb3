#include "kernels/attention/cuda_shape.h"

namespace poster::kernels {

template <typename T>
void compute(CudaQueue& queue, const AttentionForward<T>& a) {
  const AttentionShape& s = a.shape;
  const bool vectors = vectors_fit_heads(s, a.out, a.q, a.k, a.v);
  const HeadsForward<T> heads{a.out, a.lse, a.q, a.k, a.v, nullptr, layout_of(a.name, s, vectors)};
  const HeadLayout& l = heads.layout;
  if (takes_single_query(l))
    launch(queue, a.name, single_query_forward_kernel<T>, blocks_for(s.batch * s.heads, 1), kAttentionThreads,
           l.keys * sizeof(float), heads);
  else
    with_padded_head_size<32, 64, 96, 128>(
        a.name, l.head_size, [&](auto size) { launch_heads_forward<size(), false>(queue, a.name, heads); });
}

template struct CudaKernel<AttentionForward<float>>;
template struct CudaKernel<AttentionForward<Half>>;

}  // namespace poster::kernels
