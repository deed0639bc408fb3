// The second half of sums over many rows: a kernel's blocks each write their share, and the last of them adds
// the shares in a fixed order (kernels/cuda/last_block.cuh).
#pragma once

#include "kernels/cuda/last_block.cuh"
#include "kernels/cuda_queue.h"

namespace poster::kernels {

struct PartialSums {
  float* out;               // [columns], overwritten
  float* second = nullptr;  // [columns], overwritten; when there are two results or three
  float* third = nullptr;   // [columns], overwritten; when there are three
  float* partials;          // [parts, columns], with more results [parts, 2 or 3, columns]; changed
  unsigned* counters;       // kSumCounters for each set of columns
  index_t parts, columns;
  bool accumulate = false;  // the sums are added to what is there instead

  __host__ __device__ index_t width() const { return columns * (third ? 3 : second ? 2 : 1); }
};

// All blocks that have written some of the same `count` columns of `partials` call, with all their threads,
// when they have written them. `part` is the block's own, `set` the number of its set of columns, and
// column(i), i < count, says which they are, below width().
template <typename Column>
__device__ void finish_sums(const PartialSums& a, index_t part, index_t set, int count, Column column) {
  const index_t width = a.width();
  const int group = static_cast<int>(part % kPartGroups);
  unsigned* const counters = a.counters + set * kSumCounters;
  if (a.parts > kPartGroups) {
    if (!arrives_last(counters + 1 + group, static_cast<unsigned>(parts_of_group(a.parts, group)))) return;
    for (int i = thread_rank(); i < count; i += thread_count()) {
      float* const partial = a.partials + column(i);
      float sum = 0;
#pragma unroll 4
      for (index_t p = group; p < a.parts; p += kPartGroups) sum += partial[p * width];
      partial[group * width] = sum;
    }
  }
  const int groups = a.parts < kPartGroups ? static_cast<int>(a.parts) : kPartGroups;
  if (!arrives_last(counters, static_cast<unsigned>(groups))) return;
  for (int i = thread_rank(); i < count; i += thread_count()) {
    const index_t c = column(i);
    float sum = 0;
#pragma unroll 4
    for (int g = 0; g < groups; ++g) sum += a.partials[g * width + c];
    float& out = (c < a.columns ? a.out : c < 2 * a.columns ? a.second : a.third)[c % a.columns];
    out = a.accumulate ? out + sum : sum;
  }
}

}  // namespace poster::kernels
