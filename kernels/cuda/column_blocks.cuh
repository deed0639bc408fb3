// Sums over the rows of a matrix [rows, columns], columns in parallel: blocks sum chunks of rows, and
// finish_sums() (kernels/cuda/partial_sums.cuh) adds up the chunks. How rows are split depends on the sizes
// alone.
#pragma once

#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/vector.cuh"

namespace poster::kernels {

// The threads of a block lie in `lanes` groups of neighbouring columns times `threads / lanes` rows: rank =
// row * lanes + lane.
struct ColumnBlock {
  static constexpr int kThreads = 256;
  int lanes;      // a power of two, at most 32
  index_t tiles;  // blocks side by side
  int rows() const { return kThreads / lanes; }
};

inline ColumnBlock column_block(index_t groups) {
  int lanes = 1;
  while (lanes < 32 && lanes < groups) lanes *= 2;
  return {lanes, ceil_div(groups, lanes)};
}

// How `rows` are split so that about `blocks` blocks have work, and each thread at least a few rows.
struct RowChunks {
  index_t count, rows;  // of each but the last
  RowChunks(index_t row_count, index_t rows_per_pass, index_t blocks_side_by_side, index_t blocks = 512) {
    constexpr index_t kPasses = 4;
    const index_t wanted = ceil_div(blocks, blocks_side_by_side);
    const index_t most = ceil_div(row_count, kPasses * rows_per_pass);
    count = wanted < most ? wanted : most;
    if (count < 1) count = 1;
    rows = ceil_div(row_count, count);
    count = rows > 0 ? ceil_div(row_count, rows) : 1;
  }
};

template <int N>
struct ColumnSums {
  float values[N][ColumnBlock::kThreads];
};

// The sums over the block's rows of each lane's N values, for the threads of row 0. All threads must call.
template <int N>
__device__ Floats<N> sum_block_rows(Floats<N> sum, int lanes) {
  auto& sums = block_shared<ColumnSums<N>>().values;
  const int rank = thread_rank();
  __syncthreads();  // an earlier sum may still be read
#pragma unroll
  for (int i = 0; i < N; ++i) sums[i][rank] = sum[i];
  __syncthreads();
  for (int half = ColumnBlock::kThreads / 2; half >= lanes; half /= 2) {
    if (rank < half)
#pragma unroll
      for (int i = 0; i < N; ++i) sums[i][rank] += sums[i][rank + half];
    __syncthreads();
  }
  if (rank < lanes)
#pragma unroll
    for (int i = 0; i < N; ++i) sum[i] = sums[i][rank];
  return sum;
}

// N neighbouring elements, wherever they lie.
template <int N, bool aligned, typename T>
__device__ Floats<N> load_neighbours(const T* from) {
  if constexpr (aligned) {
    return load<N>(from);
  } else {
    Floats<N> values;
#pragma unroll
    for (int i = 0; i < N; ++i) values[i] = to_float(from[i]);
    return values;
  }
}

}  // namespace poster::kernels
