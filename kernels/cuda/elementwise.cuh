// Kernels that compute each element on its own, several neighbours at a time where alignment and the length
// of rows allow.
#pragma once

#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/vector.cuh"

namespace poster::kernels {

inline constexpr int kElementwiseThreads = 256;

template <int N, typename F>
__global__ void __launch_bounds__(kElementwiseThreads) elementwise_kernel(F f, index_t count) {
  index_t i = (static_cast<index_t>(blockIdx.x) * kElementwiseThreads + threadIdx.x) * N;
  if (i + N <= count)
    f.template at<N>(i);
  else
    for (; i < count; ++i) f.template at<1>(i);
}

// Calls f.at<N>(i), which computes the elements i ... i + N, for all of [0, count). N is more than 1 where
// rows of `row_length` elements at all of `pointers` can be taken N at a time; then no N elements lie in two
// rows. For f without rows, `row_length` is N.
template <int N, typename F, typename... T>
void elementwise(CudaQueue& queue, const LaunchName& name, const F& f, index_t count, index_t row_length,
                 const T*... pointers) {
  if (vectors_fit<N>(row_length, pointers...))
    launch(queue, name, elementwise_kernel<N, F>, blocks_for(count, kElementwiseThreads * N),
           kElementwiseThreads, 0, f, count);
  else
    launch(queue, name, elementwise_kernel<1, F>, blocks_for(count, kElementwiseThreads), kElementwiseThreads,
           0, f, count);
}

}  // namespace poster::kernels
