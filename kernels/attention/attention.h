// Multi-head attention: out = softmax(scale q kᵀ) v for each image and head. Scores are computed in blocks
// and never kept; backward computes them again from q, k and the log-sum-exp of each row. Source: Vaswani et
// al., "Attention Is All You Need", 2017; the blocks: Dao et al., "FlashAttention", 2022.
//
// q, k and v are views: image b's token t of head h starts at p + (b tokens + t) stride + h head_size, so
// that they can lie inside one packed qkv tensor ([batch, tokens, 3, heads, head_size]: stride = 3 heads
// head_size). `queries` may be smaller than `keys`: the class-token-only variant has queries = 1 and a q of
// its own. Deterministic.
#pragma once

#include "kernels/cpu_queue.h"
#include "kernels/cuda_queue.h"

namespace poster::kernels {

struct AttentionShape {
  index_t batch, heads, head_size, queries, keys;
  index_t q_stride, kv_stride;  // elements from one token to the next, in q and in k and v
  double scale;                 // head_size^-0.5
};

template <typename T>
struct AttentionForward {
  T* out;         // [batch, queries, heads, head_size]
  acc_t<T>* lse;  // [batch, heads, queries], log-sum-exp of the scaled scores, saved for backward; null when
                  // not wanted
  const T* q;
  const T* k;
  const T* v;
  AttentionShape shape;
};

// dq, dk and dv have the layouts of q, k and v and are overwritten.
template <typename T>
struct AttentionBackward {
  T* dq;
  T* dk;
  T* dv;
  const T* dout;  // [batch, queries, heads, head_size]
  const T* out;   // [batch, queries, heads, head_size]
  const acc_t<T>* lse;
  const T* q;
  const T* k;
  const T* v;
  AttentionShape shape;
};

template <typename T>
void attention_forward(CpuQueue&, const AttentionForward<T>&);
template <typename T>
void attention_forward(CudaQueue&, const AttentionForward<T>&);
template <typename T>
void attention_backward(CpuQueue&, const AttentionBackward<T>&);
template <typename T>
void attention_backward(CudaQueue&, const AttentionBackward<T>&);

}  // namespace poster::kernels
