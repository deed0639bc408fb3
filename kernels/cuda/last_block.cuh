// The block that arrives last adds up what all blocks of its kernel have written: no second launch. Which one
// that is changes from run to run, what it adds up and in which order does not.
//
// A sum over many parts is taken in two steps. Parts p, p + 32, p + 64, ... are a group; the last block of a
// group sums the group, and the last of these blocks sums the groups. Each step reads little, and no block
// more than a 32nd of all parts.
#pragma once

#include "kernels/cuda/reduce.cuh"

namespace poster::kernels {

inline constexpr int kPartGroups = 32;

// The counters of CudaQueue::counters() for sums of one set of columns: of all groups, then of each.
inline constexpr int kSumCounters = 1 + kPartGroups;

struct LastBlock {
  bool last;
};

// Whether `members` - 1 blocks have come to this counter before; then their threads' writes are seen. The
// counter goes back to 0. All threads of the block must call.
__device__ inline bool arrives_last(unsigned* counter, unsigned members) {
  bool& last = block_shared<LastBlock>().last;
  __threadfence();
  __syncthreads();
  if (thread_rank() == 0) last = atomicInc(counter, members - 1) == members - 1;
  __syncthreads();
  __threadfence();
  return last;
}

// How many of `parts` are in a group.
__device__ inline index_t parts_of_group(index_t parts, int group) {
  return (parts - group + kPartGroups - 1) / kPartGroups;
}

}  // namespace poster::kernels
