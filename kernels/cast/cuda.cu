#include "kernels/cast/cast.h"

#include "kernels/cuda/flat.cuh"
#include "kernels/cuda/kernel.cuh"

namespace poster::kernels {
namespace {

template <bool vectors, typename T>
__global__ void __launch_bounds__(kFlatThreads) cast_kernel(Cast<T> a) {
  for (index_t at = first_of_four(); at < a.count; at += step_of_four())
    store_four<vectors>(a.y, at, a.count, load_four<vectors>(a.x, at, a.count));
}

}  // namespace

template <typename T>
void compute(CudaQueue& queue, const Cast<T>& a) {
  const auto kernel = vectors_fit<4>(0, a.y, a.x) ? cast_kernel<true, T> : cast_kernel<false, T>;
  launch(queue, a.name, kernel, flat_blocks(queue, a.count), kFlatThreads, 0, a);
}

template struct CudaKernel<Cast<float>>;
template struct CudaKernel<Cast<Half>>;

}  // namespace poster::kernels
