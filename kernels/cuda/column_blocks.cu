#include "kernels/cuda/column_blocks.h"

namespace poster::kernels {
namespace {

constexpr int kColumns = 32, kRows = 32;

struct RowSums {
  float values[kRows][kColumns];
};

__global__ void __launch_bounds__(kColumns* kRows)
    sum_chunks_kernel(float* out, const float* partials, index_t chunks, index_t columns, bool accumulate) {
  const int row = static_cast<int>(threadIdx.y), lane = static_cast<int>(threadIdx.x);
  const index_t column = static_cast<index_t>(blockIdx.x) * kColumns + lane;
  float sum = 0;
  if (column < columns)
#pragma unroll 4
    for (index_t chunk = row; chunk < chunks; chunk += kRows) sum += partials[chunk * columns + column];
  auto& sums = block_shared<RowSums>().values;
  sums[row][lane] = sum;
  __syncthreads();
  if (row != 0 || column >= columns) return;
  for (int r = 1; r < kRows; ++r) sum += sums[r][lane];
  out[column] = accumulate ? out[column] + sum : sum;
}

}  // namespace

void sum_chunks(CudaQueue& queue, const LaunchName& name, float* out, const float* partials, index_t chunks,
                index_t columns, bool accumulate) {
  launch(queue, name, sum_chunks_kernel, blocks_for(columns, kColumns), dim3(kColumns, kRows), 0, out,
         partials, chunks, columns, accumulate);
}

}  // namespace poster::kernels
