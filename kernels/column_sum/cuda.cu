#include "kernels/column_sum/column_sum.h"
#include "kernels/cuda/column_blocks.cuh"
#include "kernels/cuda/kernel.cuh"
#include "kernels/cuda/partial_sums.cuh"

namespace poster::kernels {
namespace {

// One block sums the rows of its chunk, blockIdx.y, into row blockIdx.y of the partial sums; of one chunk there
// are none.
template <int N, bool aligned, typename T>
__global__ void __launch_bounds__(ColumnBlock::kThreads)
    column_sum_kernel(PartialSums sums, const T* x, index_t rows, index_t chunk_rows, int lanes) {
  const index_t columns = sums.columns;
  const int rank = static_cast<int>(threadIdx.x);
  const index_t column = (static_cast<index_t>(blockIdx.x) * lanes + rank % lanes) * N;
  const index_t first = blockIdx.y * chunk_rows;
  const index_t last = first + chunk_rows < rows ? first + chunk_rows : rows;
  Floats<N> sum{};
  if (column < columns)
#pragma unroll 4
    for (index_t r = first + rank / lanes; r < last; r += ColumnBlock::kThreads / lanes) {
      const Floats<N> values = load_neighbours<N, aligned>(x + r * columns + column);
#pragma unroll
      for (int i = 0; i < N; ++i) sum[i] += values[i];
    }
  sum = sum_block_rows<N>(sum, lanes);
  const bool one = sums.parts == 1, accumulate = one && sums.accumulate;
  if (rank < lanes && column < columns) {
    float* const to = (one ? sums.out : sums.partials + blockIdx.y * columns) + column;
#pragma unroll
    for (int i = 0; i < N; ++i) to[i] = accumulate ? to[i] + sum[i] : sum[i];
  }
  if (one) return;
  const index_t begin = static_cast<index_t>(blockIdx.x) * lanes * N, rest = columns - begin;
  finish_sums(sums, blockIdx.y, blockIdx.x, static_cast<int>(rest < lanes * N ? rest : lanes * N),
              [&](int i) { return begin + i; });
}

template <int N, typename T>
void sum(CudaQueue& queue, const ColumnSum<T>& a) {
  const ColumnBlock block = column_block(a.columns / N);
  const RowChunks chunks(a.rows, block.rows(), block.tiles);
  const PartialSums sums{.out = a.out,
                         .partials = queue.scratch<float>(chunks.count * a.columns),
                         .counters = queue.counters(chunks.count > 1 ? block.tiles * kSumCounters : 0),
                         .parts = chunks.count,
                         .columns = a.columns,
                         .accumulate = a.accumulate};
  const auto kernel =
      vectors_fit<N>(a.columns, a.x) ? column_sum_kernel<N, true, T> : column_sum_kernel<N, false, T>;
  launch(queue, a.name, kernel, dim3(blocks_for(block.tiles, 1), static_cast<unsigned>(chunks.count)),
         ColumnBlock::kThreads, 0, sums, a.x, a.rows, chunks.rows, block.lanes);
}

}  // namespace

template <typename T>
void compute(CudaQueue& queue, const ColumnSum<T>& a) {
  // By the size alone: the order of the sums depends on it.
  constexpr int N = kVectorSize<T>;
  if (a.columns % N == 0)
    sum<N>(queue, a);
  else
    sum<1>(queue, a);
}

template struct CudaKernel<ColumnSum<float>>;
template struct CudaKernel<ColumnSum<Half>>;

}  // namespace poster::kernels
