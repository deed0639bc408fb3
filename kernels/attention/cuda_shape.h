// kernels/attention/attention.h's arguments as the kernels' layout.
#pragma once

#include "kernels/attention/attention.h"
#include "kernels/attention/launch.cuh"
#include "kernels/attention/single_query.cuh"

namespace poster::kernels {

inline HeadLayout layout_of(const char* op, const AttentionShape& s, bool vectors) {
  return {.items = checked_int(op, "images", s.batch),
          .heads = checked_int(op, "heads", s.heads),
          .head_size = checked_int(op, "elements in a head", s.head_size),
          .queries = checked_int(op, "queries", s.queries),
          .keys = checked_int(op, "keys", s.keys),
          .items_per_q = 1,
          .q_item = s.queries * s.q_stride,
          .q_stride = s.q_stride,
          .kv_item = s.keys * s.kv_stride,
          .kv_stride = s.kv_stride,
          .out_item = s.queries * s.heads * s.head_size,
          .out_stride = s.heads * s.head_size,
          .scale = static_cast<float>(s.scale),
          .window = 0,
          .vectors = vectors};
}

template <typename T, typename... More>
bool vectors_fit_heads(const AttentionShape& s, const T* out, const More*... pointers) {
  constexpr int N = kVectorSize<T>;
  return s.q_stride % N == 0 && s.kv_stride % N == 0 && vectors_fit<N>(s.head_size, out, pointers...);
}

inline bool takes_single_query(const HeadLayout& l) {
  return l.queries == 1 && l.keys <= kMaxSingleQueryKeys && l.head_size <= kMaxHeadSize;
}

}  // namespace poster::kernels
