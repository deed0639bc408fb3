// A block takes a tile of 32 x 32 through shared memory, so that both sides are read and written along rows.
#include "kernels/transpose/transpose.h"

#include <algorithm>

#include "kernels/cuda/kernel.cuh"
#include "kernels/cuda/vector.cuh"

namespace poster::kernels {
namespace {

constexpr int kTile = 32, kLines = 8;

struct TransposeTile {
  float values[kTile][kTile + 1];
};

template <typename T>
__global__ void __launch_bounds__(kTile* kLines) transpose_kernel(Transpose<T> a, unsigned column_tiles) {
  auto& tile = block_shared<TransposeTile>().values;
  const index_t row = static_cast<index_t>(blockIdx.x / column_tiles) * kTile;
  const index_t column = static_cast<index_t>(blockIdx.x % column_tiles) * kTile;
  const int lane = static_cast<int>(threadIdx.x);
  for (index_t n = blockIdx.y; n < a.batch; n += gridDim.y) {
    const T* const x = a.x + n * a.rows * a.x_stride;
    T* const out = a.out + n * a.columns * a.out_stride;
    for (int line = static_cast<int>(threadIdx.y); line < kTile; line += kLines)
      if (row + line < a.rows && column + lane < a.columns)
        tile[line][lane] = to_float(x[(row + line) * a.x_stride + column + lane]);
    __syncthreads();
    for (int line = static_cast<int>(threadIdx.y); line < kTile; line += kLines)
      if (column + line < a.columns && row + lane < a.rows + a.padding)
        out[(column + line) * a.out_stride + row + lane] =
            from_float<T>(row + lane < a.rows ? tile[lane][line] : 0.0f);
    __syncthreads();  // before the next matrix comes into the tile
  }
}

}  // namespace

template <typename T>
void compute(CudaQueue& queue, const Transpose<T>& a) {
  const unsigned column_tiles = blocks_for(a.columns, kTile);
  const unsigned row_tiles = blocks_for(a.rows + a.padding, kTile);
  const dim3 grid{row_tiles * column_tiles, static_cast<unsigned>(std::min<index_t>(a.batch, 65535)), 1};
  launch(queue, a.name, transpose_kernel<T>, grid, dim3(kTile, kLines), 0, a, column_tiles);
}

template struct CudaKernel<Transpose<float>>;
template struct CudaKernel<Transpose<Half>>;

}  // namespace poster::kernels
