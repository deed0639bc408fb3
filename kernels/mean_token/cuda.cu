// Forward: a thread takes N channels of an image through all its tokens. Backward: a thread takes N channels
// of one token.
#include "kernels/mean_token/mean_token.h"

#include "kernels/cuda/kernel.cuh"
#include "kernels/cuda/sample_grid.cuh"
#include "kernels/cuda/vector.cuh"

namespace poster::kernels {
namespace {

template <int N, typename T>
__device__ void add_and_store(T* y, Floats<N> values, const float* position) {
  if (position) {
    const Floats<N> p = load<N>(position);
#pragma unroll
    for (int i = 0; i < N; ++i) values[i] += p[i];
  }
  store<N>(y, values);
}

template <int N, typename T>
__global__ void __launch_bounds__(kSampleThreads) mean_token_forward_kernel(MeanTokenForward<T> a) {
  const index_t c = static_cast<index_t>(sample_group()) * N;
  if (c >= a.channels) return;
  const float* const position = a.position ? a.position + c : nullptr;
  for (index_t n = blockIdx.y; n < a.batch; n += gridDim.y) {
    const T* const x = a.x + n * a.tokens * a.channels + c;
    T* const y = a.y + n * (1 + a.tokens) * a.channels + c;
    Floats<N> sum{};
    for (index_t t = 0; t < a.tokens; ++t) {
      const Floats<N> value = load<N>(x + t * a.channels);
#pragma unroll
      for (int i = 0; i < N; ++i) sum[i] += value[i];
      add_and_store<N>(y + (1 + t) * a.channels, value, position ? position + (1 + t) * a.channels : nullptr);
    }
#pragma unroll
    for (int i = 0; i < N; ++i) sum[i] /= static_cast<float>(a.tokens);
    add_and_store<N>(y, sum, position);
  }
}

template <int N, typename T>
__global__ void __launch_bounds__(kSampleThreads) mean_token_backward_kernel(MeanTokenBackward<T> a) {
  const index_t at = static_cast<index_t>(sample_group()) * N;  // in the tokens of an image
  if (at >= a.tokens * a.channels) return;
  for (index_t n = blockIdx.y; n < a.batch; n += gridDim.y) {
    const T* const dy = a.dy + n * (1 + a.tokens) * a.channels;
    Floats<N> value = load<N>(dy + a.channels + at);
    const Floats<N> mean = load<N>(dy + at % a.channels);
#pragma unroll
    for (int i = 0; i < N; ++i) value[i] += mean[i] / static_cast<float>(a.tokens);
    store<N>(a.dx + n * a.tokens * a.channels + at, value);
  }
}

template <int N, typename T>
void run_forward(CudaQueue& queue, const MeanTokenForward<T>& a) {
  launch(queue, a.name, mean_token_forward_kernel<N, T>, sample_grid(a.channels / N, a.batch), kSampleThreads,
         0, a);
}

template <int N, typename T>
void run_backward(CudaQueue& queue, const MeanTokenBackward<T>& a) {
  launch(queue, a.name, mean_token_backward_kernel<N, T>, sample_grid(a.tokens * a.channels / N, a.batch),
         kSampleThreads, 0, a);
}

}  // namespace

template <typename T>
void compute(CudaQueue& queue, const MeanTokenForward<T>& a) {
  constexpr int N = kVectorSize<T>;
  if (vectors_fit<N>(a.channels, a.y, a.x, a.position))
    run_forward<N>(queue, a);
  else
    run_forward<1>(queue, a);
}

template <typename T>
void compute(CudaQueue& queue, const MeanTokenBackward<T>& a) {
  constexpr int N = kVectorSize<T>;
  if (vectors_fit<N>(a.channels, a.dx, a.dy))
    run_backward<N>(queue, a);
  else
    run_backward<1>(queue, a);
}

template struct CudaKernel<MeanTokenForward<float>>;
template struct CudaKernel<MeanTokenForward<Half>>;
template struct CudaKernel<MeanTokenBackward<float>>;
template struct CudaKernel<MeanTokenBackward<Half>>;

}  // namespace poster::kernels
