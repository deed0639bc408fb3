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

#include "kernels/cpu_queue.h"
#include "kernels/cuda_queue.h"

namespace poster::kernels {

struct WindowAttentionShape {
  index_t batch;              // images
  index_t windows_per_image;  // windows of one image, consecutive in kv, all with that image's query
  index_t window;             // side w; tokens = w²
  index_t heads, head_size;   // channels = heads head_size
  double scale;               // head_size^-0.5

  index_t tokens() const { return window * window; }
  index_t channels() const { return heads * head_size; }
};

template <typename T>
struct WindowAttentionForward {
  T* out;         // [batch windows_per_image, tokens, channels]
  acc_t<T>* lse;  // [batch windows_per_image, heads, tokens], saved for backward; null when not wanted
  const T* q;     // [batch, tokens, channels]
  const T* kv;    // [batch windows_per_image, tokens, 2, channels]: keys, then values
  const acc_t<T>* table;  // [(2 window - 1)², heads]
  WindowAttentionShape shape;
};

template <typename T>
struct WindowAttentionBackward {
  T* dq;   // [batch, tokens, channels], overwritten (summed over the image's windows); null when nobody wants
           // it
  T* dkv;  // as kv, overwritten
  acc_t<T>* dtable;  // as table, overwritten
  const T* dout;
  const T* out;
  const acc_t<T>* lse;
  const T* q;
  const T* kv;
  const acc_t<T>* table;
  WindowAttentionShape shape;
};

// Between a map [batch, rows w, columns w, channels] and its windows [batch, rows columns, w², channels],
// windows in row-major order; with reverse, from windows back to the map. out must not be x.
template <typename T>
struct WindowPartition {
  T* out;
  const T* x;
  index_t batch, rows, columns, window, channels;
  bool reverse = false;
};

template <typename T>
void window_attention_forward(CpuQueue&, const WindowAttentionForward<T>&);
template <typename T>
void window_attention_forward(CudaQueue&, const WindowAttentionForward<T>&);
template <typename T>
void window_attention_backward(CpuQueue&, const WindowAttentionBackward<T>&);
template <typename T>
void window_attention_backward(CudaQueue&, const WindowAttentionBackward<T>&);
template <typename T>
void window_partition(CpuQueue&, const WindowPartition<T>&);
template <typename T>
void window_partition(CudaQueue&, const WindowPartition<T>&);

}  // namespace poster::kernels
