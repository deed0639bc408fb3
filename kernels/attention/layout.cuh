// How the heads of one attention lie in memory, for kernels/attention/attention.h and
// kernels/window_attention/window_attention.h alike. An item is an image or a window: one set of keys with
// its own output.
#pragma once

#include "kernels/cuda/runtime.h"
#include "kernels/half.h"
#include "kernels/index.h"

namespace poster::kernels {

// In elements. Head h of a token starts h head_size after the token.
struct HeadLayout {
  int items, heads, head_size, queries, keys;
  int items_per_q;  // neighbouring items that share one q
  // From item to item, from token to token.
  index_t q_item, q_stride, kv_item, kv_stride, out_item, out_stride;
  float scale;
  int window;    // side of the window whose relative position bias is added; 0 for none
  bool vectors;  // whether everything can be read and written 16 bytes at a time

  __host__ __device__ index_t q_at(int item, int head) const {
    return item / items_per_q * q_item + static_cast<index_t>(head) * head_size;
  }
  __host__ __device__ index_t kv_at(int item, int head) const {
    return item * kv_item + static_cast<index_t>(head) * head_size;
  }
  __host__ __device__ index_t out_at(int item, int head) const {
    return item * out_item + static_cast<index_t>(head) * head_size;
  }
  // Of the first query in [items, heads, queries].
  __host__ __device__ index_t row_at(int item, int head) const {
    return (static_cast<index_t>(item) * heads + head) * queries;
  }
};

template <typename T>
struct HeadsForward {
  T* out;
  float* lse;  // null when not wanted
  const T* q;
  const T* k;
  const T* v;
  const float* table;  // [(2 window - 1)², heads]; unused without a window
  HeadLayout layout;
};

template <typename T>
struct HeadsBackward {
  T* dq;  // null when not wanted
  T* dk;
  T* dv;
  float* dtable;  // null without a window
  const T* dout;
  const T* out;
  const float* lse;
  const T* q;
  const T* k;
  const T* v;
  const float* table;
  HeadLayout layout;
};

// pointer + count, and null for null: what is not wanted, or while planning.
template <typename T>
__host__ __device__ T* offset(T* pointer, index_t count) {
  return pointer ? pointer + count : nullptr;
}

constexpr float kLog2E = 1.4426950408889634f, kLn2 = 0.6931471805599453f;

// 2^x to two units in the last place; 0 for -infinity and where the result would be subnormal.
__device__ inline float exp2_fast(float x) {
#if defined(__CUDACC__)
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
#else
  return std::exp2(x);
#endif
}

__host__ __device__ constexpr int tiles_for(int count, int tile) { return (count + tile - 1) / tile; }

}  // namespace poster::kernels
