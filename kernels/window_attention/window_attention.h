// Windowed cross-attention with a relative position bias: the keys and values of a window attend to the
// landmark map of its image, which is the query as it is (no projection).
//
//   out = softmax(scale q kᵀ + bias) v,   bias[i, j, h] = table[(Δrow + w - 1)(2w - 1) + Δcol + w - 1, h]
//   Δ = position of query i minus position of key j, both row-major in the w x w window
//
// Source: Liu et al., "Swin Transformer", ICCV 2021, eq. 4; Mao et al., "POSTER++", 2023 (the
// cross-attention). Scores are never kept: backward computes them again. The table's gradient is summed in a
// fixed order. Deterministic.
#pragma once

#include "kernels/op.h"

namespace poster::kernels {

struct WindowAttentionShape {
  index_t batch;              // images
  index_t windows_per_image;  // windows of one image, consecutive in kv, all with that image's query
  index_t window;             // side w; tokens = w²
  index_t heads, head_size;   // channels = heads head_size
  double scale;               // head_size^-0.5

  constexpr index_t windows() const { return batch * windows_per_image; }
  constexpr index_t tokens() const { return window * window; }
  constexpr index_t channels() const { return heads * head_size; }
  // Of `products` matrix products of queries with keys.
  constexpr double flops(int products) const {
    return 2.0 * products * static_cast<double>(windows() * heads * tokens() * tokens()) *
           static_cast<double>(head_size);
  }
  constexpr index_t table_rows() const { return (2 * window - 1) * (2 * window - 1); }
};

template <typename T>
struct WindowAttentionForward {
  static constexpr const char* name = "window_attention_forward";
  T* out;
  acc_t<T>* lse;  // saved for backward; null when not wanted
  const T* q;
  const T* kv;  // of each token the keys, then the values
  const acc_t<T>* table;
  WindowAttentionShape shape;

  constexpr void operands(OperandTable& t) const {
    const WindowAttentionShape& s = shape;
    t.out("out", out, {s.windows(), s.tokens(), s.channels()});
    t.out("lse", lse, {s.windows(), s.heads, s.tokens()}).optional();
    t.in("q", q, {s.batch, s.tokens(), s.channels()});
    t.in("kv", kv, {s.windows(), s.tokens(), 2, s.channels()});
    t.in("table", table, {s.table_rows(), s.heads});
    t.require(s.windows_per_image > 0 && s.window > 0, "windows_per_image and window must be at least 1");
  }
  constexpr double flops() const { return shape.flops(2); }
};

template <typename T>
struct WindowAttentionBackward {
  static constexpr const char* name = "window_attention_backward";
  T* dq;  // summed over the image's windows; null when nobody wants it
  T* dkv;
  acc_t<T>* dtable;
  const T* dout;
  const T* out;
  const acc_t<T>* lse;
  const T* q;
  const T* kv;
  const acc_t<T>* table;
  WindowAttentionShape shape;

  constexpr void operands(OperandTable& t) const {
    const WindowAttentionShape& s = shape;
    const int times = dq ? 2 : 1;  // a kernel for dkv and dtable, one for dq
    t.out("dq", dq, {s.batch, s.tokens(), s.channels()}).optional();
    t.out("dkv", dkv, {s.windows(), s.tokens(), 2, s.channels()});
    t.out("dtable", dtable, {s.table_rows(), s.heads});
    t.in("dout", dout, {s.windows(), s.tokens(), s.channels()}).in_passes(times + 1);
    t.in("out", out, {s.windows(), s.tokens(), s.channels()});
    t.in("lse", lse, {s.windows(), s.heads, s.tokens()});
    t.in("q", q, {s.batch, s.tokens(), s.channels()}).in_passes(times);
    t.in("kv", kv, {s.windows(), s.tokens(), 2, s.channels()}).in_passes(times);
    t.in("table", table, {s.table_rows(), s.heads});
    t.require(s.windows_per_image > 0 && s.window > 0, "windows_per_image and window must be at least 1");
  }
  constexpr double flops() const { return shape.flops(dq ? 5 : 4); }  // the scores are computed again
};

// Between a map and its windows in row-major order; with reverse, from windows back to the map.
template <typename T>
struct WindowPartition {
  static constexpr const char* name = "window_partition";
  T* out;
  const T* x;
  index_t batch, rows, columns, window, channels;  // rows, columns: of windows
  bool reverse = false;

  constexpr void operands(OperandTable& table) const {
    const index_t height = rows * window, width = columns * window, tokens = window * window;
    if (reverse) {
      table.out("out", out, {batch, height, width, channels});
      table.in("x", x, {batch, rows * columns, tokens, channels});
    } else {
      table.out("out", out, {batch, rows * columns, tokens, channels});
      table.in("x", x, {batch, height, width, channels});
    }
  }
};

}  // namespace poster::kernels
