// How elementwise and per-channel kernels split their work, by sizes alone, so that results do not depend on
// the number of threads. To be included by *cpu.cpp files only: everything lives in the namespace of the
// instruction set.
#pragma once

#include "kernels/cpu_queue.h"

namespace poster::kernels::POSTER_ISA {

// Elements of one task: enough to be worth handing out, few enough to stay in the second-level cache when a
// task goes over them twice.
constexpr index_t kTaskElements = 16384;

// Rows [begin(b), end(b)) of block b in [0, count). At most 256 rows, so that a float sum over a block stays
// accurate; sums over blocks are taken in double.
struct RowBlocks {
  index_t rows, size, count;

  RowBlocks(index_t row_count, index_t columns, index_t elements = kTaskElements)
      : rows(row_count), size(elements / columns) {
    if (size > 256) size = 256;
    if (size < 1) size = 1;
    count = ceil_div(rows, size);
  }
  index_t begin(index_t block) const { return block * size; }
  index_t end(index_t block) const { return (block + 1) * size < rows ? (block + 1) * size : rows; }
};

// Calls body(begin, end) for the chunks of [0, count), in parallel.
template <typename Body>
void for_chunks(CpuQueue& queue, index_t count, Body body) {
  queue.parallel_for(ceil_div(count, kTaskElements), [&](index_t task) {
    const index_t begin = task * kTaskElements;
    body(begin, begin + kTaskElements < count ? begin + kTaskElements : count);
  });
}

// Calls finish(column, sum) with the sum over blocks of partials[block, column], taken in double in the order
// of the blocks; columns in parallel.
template <typename T, typename Finish>
void sum_blocks(CpuQueue& queue, const T* partials, index_t blocks, index_t columns, Finish finish) {
  constexpr index_t kLanes = 32;
  queue.parallel_for(ceil_div(columns, kLanes), [&](index_t task) {
    const index_t first = task * kLanes;
    const index_t lanes = columns - first < kLanes ? columns - first : kLanes;
    double sums[kLanes] = {};
    for (index_t block = 0; block < blocks; ++block) {
      const T* row = partials + block * columns + first;
      if (lanes == kLanes) {
#pragma omp simd
        for (index_t l = 0; l < kLanes; ++l) sums[l] += row[l];
      } else {
        for (index_t l = 0; l < lanes; ++l) sums[l] += row[l];
      }
    }
    for (index_t l = 0; l < lanes; ++l) finish(first + l, sums[l]);
  });
}

}  // namespace poster::kernels::POSTER_ISA
