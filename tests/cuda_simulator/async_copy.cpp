#include "tests/cuda_simulator/async_copy.h"

#include <cstring>
#include <vector>

#include "tests/cuda_simulator/block.h"

namespace cuda_simulator {
namespace {

struct Copy {
  void* to;
  const void* from;  // null for zeros
  int group;
};

// What one thread of the block has started and not waited for.
struct Copies {
  const Block* block;
  uint3 index;
  int group;  // the open one
  std::vector<Copy> started;
};

Copies& of_this_thread() {
  static std::vector<Copies> threads(1024);
  Copies& mine = threads[threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)];
  const Block* const block = &Block::current();
  const uint3& i = mine.index;
  if (mine.block != block || i.x != blockIdx.x || i.y != blockIdx.y || i.z != blockIdx.z) {
    mine.block = block;
    mine.index = blockIdx;
    mine.group = 0;
    mine.started.clear();
  }
  return mine;
}

}  // namespace

void copy_async_16(void* to, const void* from, bool wanted) {
  check_alignment(to, 16);
  check_alignment(from, 16);
  std::memset(to, 0xFF, 16);
  Copies& mine = of_this_thread();
  mine.started.push_back({to, wanted ? from : nullptr, mine.group});
}

void close_copy_group() { ++of_this_thread().group; }

void wait_for_copies(int pending) {
  Copies& mine = of_this_thread();
  std::erase_if(mine.started, [&](const Copy& copy) {
    if (copy.group >= mine.group - pending) return false;
    if (copy.from)
      std::memcpy(copy.to, copy.from, 16);
    else
      std::memset(copy.to, 0, 16);
    return true;
  });
}

}  // namespace cuda_simulator
