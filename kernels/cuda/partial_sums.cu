#include "kernels/cuda/partial_sums.h"

#include "kernels/cuda/launch.cuh"

#include "kernels/cuda/shared.cuh"

namespace poster::kernels {
namespace {

// A block takes 32 columns, each of its 32 warps every 32nd part.
constexpr int kColumns = 32, kWarps = 32;

struct WarpSums {
  float values[kWarps][kColumns];
};

__global__ void __launch_bounds__(kColumns* kWarps) sum_partials_kernel(PartialSums a, index_t width) {
  auto& sums = block_shared<WarpSums>().values;
  const index_t c = static_cast<index_t>(blockIdx.x) * kColumns + threadIdx.x;
  float sum = 0;
  if (c < width)
#pragma unroll 4
    for (index_t p = threadIdx.y; p < a.parts; p += kWarps) sum += a.partials[p * width + c];
  sums[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y != 0 || c >= width) return;
  sum = 0;
#pragma unroll
  for (int w = 0; w < kWarps; ++w) sum += sums[w][threadIdx.x];
  float& out = (c < a.columns ? a.out : c < 2 * a.columns ? a.second : a.third)[c % a.columns];
  out = a.accumulate ? out + sum : sum;
}

}  // namespace

void sum_partials(CudaQueue& queue, const LaunchName& name, const PartialSums& sums) {
  const index_t width = sums.columns * (sums.third ? 3 : sums.second ? 2 : 1);
  launch(queue, name, sum_partials_kernel, blocks_for(width, kColumns), dim3(kColumns, kWarps), 0, sums,
         width);
}

}  // namespace poster::kernels
