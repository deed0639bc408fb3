// Windowed cross-attention runs on the kernels of kernels/attention (forward.cuh, backward.cuh and
// backward_queries.cuh, which say the tiling), with a relative position bias; docs/kernels.md has a picture.
//
// In 16 bits, with I windows, H heads of 32, t = window² tokens, B = 2 I t H 32 bytes of one map:
//
//                blocks of 128 threads         from and to memory       products, 2 I H t² 32 FLOP each
//   forward      I H ceil(t / 64)              4 B (q, k, v, out)       2
//   delta        I H t / 64                    2 B (dout, out)
//   keys         groups H ceil(t / 64)         6 B (q, k, v, dout, dkv) 4
//   queries      I H ceil(t / 64), if dq is    5 B (q, k, v, dout, dq)  3, of scores computed once more
//   strips       (2 t - 1) / 32 H              8 bytes of each pair of a strip
//
// A block reads its 64 rows once and goes through all tiles of the others, which come from the L2 cache:
// forward t / 64 times k and v. Products, exponentials and bias decide, not memory. At t = 784, H = 2, I = 64
// the forward pass moves 26 MB (6 us at 4 TB/s) and multiplies 10 GFLOP; 79 million exponentials take some
// 20 us. Estimated, until a GPU measures it: 110 TFLOP/s, 95 us, 0.13 of a ceiling of 790 TFLOP/s; backward
// (keys) 90 TFLOP/s, 0.11. At t = 49 tiles are padded to 64 by 64, which is 1.7 times the work.
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
