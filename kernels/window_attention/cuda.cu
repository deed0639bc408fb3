#include "kernels/window_attention/window_attention.h"

#include "kernels/attention/launch.cuh"

namespace poster::kernels {
namespace {

template <typename Arguments>
HeadLayout layout_of(const char* op, const Arguments& a) {
  const WindowAttentionShape& s = a.shape;
  const index_t tokens = s.tokens(), channels = s.channels();
  checked_int(op, "entries in the table", 4 * tokens * s.heads);
  return {.items = checked_int(op, "windows", s.windows()),
          .heads = checked_int(op, "heads", s.heads),
          .head_size = checked_int(op, "elements in a head", s.head_size),
          .queries = checked_int(op, "tokens", tokens),
          .keys = checked_int(op, "tokens", tokens),
          .items_per_q = checked_int(op, "windows of an image", s.windows_per_image),
          .q_item = tokens * channels,
          .q_stride = channels,
          .kv_item = tokens * 2 * channels,
          .kv_stride = 2 * channels,
          .out_item = tokens * channels,
          .out_stride = channels,
          .scale = static_cast<float>(s.scale),
          .window = checked_int(op, "tokens a side", s.window),
          .vectors = false};
}

}  // namespace

template <typename T>
void compute(CudaQueue& queue, const WindowAttentionForward<T>& a) {
  HeadsForward<T> heads{
      a.out, a.lse, a.q, a.kv, offset(a.kv, a.shape.channels()), a.table, layout_of(a.name, a)};
  HeadLayout& l = heads.layout;
  l.vectors = vectors_fit<kVectorSize<T>>(a.shape.head_size, a.out, a.q, a.kv);
  with_padded_head_size<32, 128>(
      a.name, l.head_size, [&](auto size) { launch_heads_forward<size(), true>(queue, a.name, heads); });
}

template <typename T>
void compute(CudaQueue& queue, const WindowAttentionBackward<T>& a) {
  const index_t channels = a.shape.channels();
  HeadsBackward<T> heads{a.dq,
                         a.dkv,
                         offset(a.dkv, channels),
                         a.dtable,
                         a.dout,
                         a.out,
                         a.lse,
                         a.q,
                         a.kv,
                         offset(a.kv, channels),
                         a.table,
                         layout_of(a.name, a)};
  HeadLayout& l = heads.layout;
  l.vectors = vectors_fit<kVectorSize<T>>(a.shape.head_size, a.dq, a.dkv, a.dout, a.out, a.q, a.kv);
  with_padded_head_size<32, 128>(
      a.name, l.head_size, [&](auto size) { launch_heads_backward<size(), true>(queue, a.name, heads); });
}

template struct CudaKernel<WindowAttentionForward<float>>;
template struct CudaKernel<WindowAttentionForward<Half>>;
template struct CudaKernel<WindowAttentionBackward<float>>;
template struct CudaKernel<WindowAttentionBackward<Half>>;

}  // namespace poster::kernels
