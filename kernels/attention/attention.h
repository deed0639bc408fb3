// Multi-head attention: out = softmax(scale q kᵀ) v for each image and head. Scores are computed in blocks
// and never kept; backward computes them again from q, k and the log-sum-exp of each row. Source: Vaswani et
// al., "Attention Is All You Need", 2017; the blocks: Dao et al., "FlashAttention", 2022.
//
// q, k and v are views: image b's token t of head h starts at p + (b tokens + t) stride + h head_size, so
// that they can lie inside one packed qkv tensor ([batch, tokens, 3, heads, head_size]: stride = 3 heads
// head_size). `queries` may be smaller than `keys`: the class-token-only variant has queries = 1 and a q of
// its own. Deterministic.
#pragma once

#include "kernels/op.h"

namespace poster::kernels {

struct AttentionShape {
  index_t batch, heads, head_size, queries, keys;
  index_t q_stride, kv_stride;  // elements from one token to the next, in q and in k and v
  double scale;                 // head_size^-0.5

  constexpr index_t channels() const { return heads * head_size; }
  // Of `products` matrix products of queries with keys.
  constexpr double flops(int products) const {
    return 2.0 * products * static_cast<double>(batch * heads * queries * keys) *
           static_cast<double>(head_size);
  }
  constexpr bool has_keys() const { return keys > 0 || batch * queries * channels() == 0; }
};

template <typename T>
struct AttentionForward {
  static constexpr const char* name = "attention_forward";
  T* out;
  acc_t<T>* lse;  // log-sum-exp of the scaled scores, saved for backward; null when not wanted
  const T* q;
  const T* k;
  const T* v;
  AttentionShape shape;

  constexpr void operands(OperandTable& table) const {
    const AttentionShape& s = shape;
    table.out("out", out, {s.batch, s.queries, s.channels()});
    table.out("lse", lse, {s.batch, s.heads, s.queries}).optional();
    table.in("q", q, {s.batch, s.queries, s.channels()}).rows_apart(s.q_stride);
    table.in("k", k, {s.batch, s.keys, s.channels()}).rows_apart(s.kv_stride);
    table.in("v", v, {s.batch, s.keys, s.channels()}).rows_apart(s.kv_stride);
    table.require(s.has_keys(), "keys must be at least 1");
  }
  constexpr double flops() const { return shape.flops(2); }
};

// dq, dk and dv have the strides of q, k and v.
template <typename T>
struct AttentionBackward {
  static constexpr const char* name = "attention_backward";
  T* dq;
  T* dk;
  T* dv;
  const T* dout;
  const T* out;
  const acc_t<T>* lse;
  const T* q;
  const T* k;
  const T* v;
  AttentionShape shape;

  constexpr void operands(OperandTable& table) const {
    const AttentionShape& s = shape;
    const bool one = s.queries == 1;  // one kernel; else one for dk and dv, one for dq, and one before them
    table.out("dq", dq, {s.batch, s.queries, s.channels()}).rows_apart(s.q_stride);
    table.out("dk", dk, {s.batch, s.keys, s.channels()}).rows_apart(s.kv_stride);
    table.out("dv", dv, {s.batch, s.keys, s.channels()}).rows_apart(s.kv_stride);
    table.in("dout", dout, {s.batch, s.queries, s.channels()}).in_passes(one ? 1 : 3);
    table.in("out", out, {s.batch, s.queries, s.channels()});
    table.in("lse", lse, {s.batch, s.heads, s.queries});
    table.in("q", q, {s.batch, s.queries, s.channels()}).rows_apart(s.q_stride).in_passes(one ? 1 : 2);
    table.in("k", k, {s.batch, s.keys, s.channels()}).rows_apart(s.kv_stride).in_passes(one ? 1 : 2);
    table.in("v", v, {s.batch, s.keys, s.channels()}).rows_apart(s.kv_stride).in_passes(one ? 1 : 2);
    table.require(s.has_keys(), "keys must be at least 1");
  }
  constexpr double flops() const { return shape.flops(5); }  // the scores are computed again
};

}  // namespace poster::kernels
