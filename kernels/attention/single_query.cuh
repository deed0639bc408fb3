// Attention of one query to each head (the class token alone): a block takes a head and reads its keys and
// values once. No bias. Four lanes share a key; its elements go to them in chunks of 16 bytes, one after the
// other.
#pragma once

#include "kernels/attention/layout.cuh"
#include "kernels/attention/tile.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/shared.cuh"
#include "kernels/cuda/vector.cuh"

namespace poster::kernels {

constexpr int kMaxSingleQueryKeys = 8192;  // whose weights lie in shared memory
constexpr int kMaxHeadSize = 128;

// Elements `begin` to `begin` + kVectorSize of a row; zeros beyond its `size`.
template <typename T>
__device__ Floats<kVectorSize<T>> load_chunk(const T* row, int begin, int size, bool vectors) {
  if (vectors) return load<kVectorSize<T>>(row + begin);
  Floats<kVectorSize<T>> chunk;
#pragma unroll
  for (int i = 0; i < kVectorSize<T>; ++i) chunk[i] = begin + i < size ? to_float(row[begin + i]) : 0;
  return chunk;
}
template <typename T>
__device__ void store_chunk(T* row, const Floats<kVectorSize<T>>& chunk, int begin, int size, bool vectors) {
  if (vectors) {
    store<kVectorSize<T>>(row + begin, chunk);
    return;
  }
#pragma unroll
  for (int i = 0; i < kVectorSize<T>; ++i)
    if (begin + i < size) row[begin + i] = from_float<T>(chunk[i]);
}

struct SingleQueryShared {
  float q[kMaxHeadSize], dout[kMaxHeadSize];  // zeros beyond the head's size
};
template <int kChunk>
struct SingleQueryPartials {
  float sums[kAttentionThreads * kChunk];
};

// A chunk of `row` times the same elements of `q`.
template <int kChunk>
__device__ float dot_chunk(const Floats<kChunk>& row, const float* q, int begin) {
  float sum = 0;
#pragma unroll
  for (int i = 0; i < kChunk; ++i) sum += row[i] * q[begin + i];
  return sum;
}

// The sum over keys of weights[key] matrix[key, c], for thread c below head_size; meaningless elsewhere.
template <typename T>
__device__ float weighted_sum(const float* weights, const T* matrix, const HeadLayout& l) {
  constexpr int kChunk = kVectorSize<T>;
  auto& partials = block_shared<SingleQueryPartials<kChunk>>().sums;
  const int thread = static_cast<int>(threadIdx.x), chunks = tiles_for(l.head_size, kChunk);
  const int groups = kAttentionThreads / chunks, group = thread / chunks, begin = thread % chunks * kChunk;
  if (group < groups) {
    Floats<kChunk> sum{};
    for (int key = group; key < l.keys; key += groups) {
      const Floats<kChunk> row = load_chunk(matrix + key * l.kv_stride, begin, l.head_size, l.vectors);
#pragma unroll
      for (int i = 0; i < kChunk; ++i) sum[i] += weights[key] * row[i];
    }
#pragma unroll
    for (int i = 0; i < kChunk; ++i) partials[group * chunks * kChunk + begin + i] = sum[i];
  }
  __syncthreads();
  float total = 0;
  if (thread < l.head_size)
    for (int g = 0; g < groups; ++g) total += partials[g * chunks * kChunk + thread];
  return total;
}

template <typename T>
__global__ void __launch_bounds__(kAttentionThreads) single_query_forward_kernel(HeadsForward<T> a) {
  constexpr int kChunk = kVectorSize<T>;
  auto& shared = block_shared<SingleQueryShared>();
  float* const weights = dynamic_shared<float>();
  const HeadLayout& l = a.layout;
  const int thread = static_cast<int>(threadIdx.x);
  const int head = static_cast<int>(blockIdx.x) % l.heads, item = static_cast<int>(blockIdx.x) / l.heads;
  const T* const k = a.k + l.kv_at(item, head);
  shared.q[thread] = thread < l.head_size ? to_float(a.q[l.q_at(item, head) + thread]) : 0;
  __syncthreads();

  float maximum = -INFINITY;
  for (int first = 0; first < l.keys; first += kAttentionThreads / 4) {
    const int key = first + thread / 4;
    float score = 0;
    if (key < l.keys)
      for (int begin = thread % 4 * kChunk; begin < l.head_size; begin += 4 * kChunk)
        score += dot_chunk(load_chunk(k + key * l.kv_stride, begin, l.head_size, l.vectors), shared.q, begin);
    score = group_sum<4>(score) * (l.scale * kLog2E);
    if (key >= l.keys) continue;
    maximum = fmaxf(maximum, score);
    if (thread % 4 == 0) weights[key] = score;
  }
  maximum = block_max(maximum);
  __syncthreads();
  float sum = 0;
  for (int key = thread; key < l.keys; key += kAttentionThreads) {
    weights[key] = exp2_fast(weights[key] - maximum);
    sum += weights[key];
  }
  sum = block_sum(sum);
  __syncthreads();
  const float out = weighted_sum(weights, a.v + l.kv_at(item, head), l);
  if (thread < l.head_size) a.out[l.out_at(item, head) + thread] = from_float<T>(out / sum);
  if (a.lse && thread == 0) a.lse[l.row_at(item, head)] = maximum * kLn2 + logf(sum);
}

template <typename T>
__global__ void __launch_bounds__(kAttentionThreads) single_query_backward_kernel(HeadsBackward<T> a) {
  constexpr int kChunk = kVectorSize<T>;
  auto& shared = block_shared<SingleQueryShared>();
  float* const ds = dynamic_shared<float>();
  const HeadLayout& l = a.layout;
  const int thread = static_cast<int>(threadIdx.x);
  const int head = static_cast<int>(blockIdx.x) % l.heads, item = static_cast<int>(blockIdx.x) / l.heads;
  const index_t q_at = l.q_at(item, head) + thread, out_at = l.out_at(item, head) + thread;
  const index_t kv_at = l.kv_at(item, head);
  const bool there = thread < l.head_size;
  shared.q[thread] = there ? to_float(a.q[q_at]) : 0;
  shared.dout[thread] = there ? to_float(a.dout[out_at]) : 0;
  const float delta = block_sum(there ? shared.dout[thread] * to_float(a.out[out_at]) : 0.f);
  const float lse = a.lse[l.row_at(item, head)] * kLog2E;
  __syncthreads();

  for (int first = 0; first < l.keys; first += kAttentionThreads / 4) {
    const int key = first + thread / 4;
    const index_t at = kv_at + key * l.kv_stride;
    float score = 0, dp = 0;
    if (key < l.keys)
      for (int begin = thread % 4 * kChunk; begin < l.head_size; begin += 4 * kChunk) {
        score += dot_chunk(load_chunk(a.k + at, begin, l.head_size, l.vectors), shared.q, begin);
        dp += dot_chunk(load_chunk(a.v + at, begin, l.head_size, l.vectors), shared.dout, begin);
      }
    const float p = exp2_fast(group_sum<4>(score) * (l.scale * kLog2E) - lse);
    const float gradient = p * (group_sum<4>(dp) - delta) * l.scale;
    if (key >= l.keys) continue;
    for (int begin = thread % 4 * kChunk; begin < l.head_size; begin += 4 * kChunk) {
      Floats<kChunk> dk, dv;
#pragma unroll
      for (int i = 0; i < kChunk; ++i) {
        dk[i] = gradient * shared.q[begin + i];
        dv[i] = p * shared.dout[begin + i];
      }
      store_chunk(a.dk + at, dk, begin, l.head_size, l.vectors);
      store_chunk(a.dv + at, dv, begin, l.head_size, l.vectors);
    }
    if (thread % 4 == 0) ds[key] = gradient;
  }
  __syncthreads();
  const float dq = weighted_sum(ds, a.k + kv_at, l);
  if (there) a.dq[q_at] = from_float<T>(dq);
}

}  // namespace poster::kernels
