#include "kernels/resample/resample.h"

#include "kernels/cuda/kernel.cuh"
#include "kernels/cuda/sample_grid.cuh"
#include "kernels/cuda/vector.cuh"

namespace poster::kernels {
namespace {

// A group of N channels of one pixel.
struct Place {
  unsigned row, column, channel;
};

template <int N>
__device__ Place place_of(unsigned group, unsigned width, unsigned channels) {
  const unsigned per_pixel = channels / N, pixel = group / per_pixel;
  return {pixel / width, pixel % width, group % per_pixel * N};
}

template <int N, typename T>
__global__ void __launch_bounds__(kSampleThreads) nearest_resize_kernel(NearestResize<T> a) {
  const unsigned group = sample_group(), channels = static_cast<unsigned>(a.channels);
  const unsigned out_height = static_cast<unsigned>(a.out_height),
                 out_width = static_cast<unsigned>(a.out_width);
  const Place to = place_of<N>(group, out_width, channels);
  if (to.row >= out_height) return;
  const index_t from_row = static_cast<index_t>(to.row) * a.height / a.out_height;
  const index_t from_column = static_cast<index_t>(to.column) * a.width / a.out_width;
  const T* const x = a.x + (from_row * a.width + from_column) * channels + to.channel;
  T* const y = a.y + static_cast<index_t>(group) * N;
  for (index_t n = blockIdx.y; n < a.batch; n += gridDim.y)
    store<N>(y + n * a.out_height * a.out_width * channels, load<N>(x + n * a.height * a.width * channels));
}

template <int N, typename T>
void run_nearest_resize(CudaQueue& queue, const NearestResize<T>& a) {
  launch(queue, a.name, nearest_resize_kernel<N, T>,
         sample_grid(a.out_height * a.out_width * a.channels / N, a.batch), kSampleThreads, 0, a);
}

// Both directions of subsample go over the small map. large[n, i stride, j stride] is the pixel of
// small[n, i, j].
struct SubsampleShape {
  index_t batch, height, width, channels, stride, small_height, small_width;
};

template <typename Arguments>
SubsampleShape shape_of(const Arguments& a) {
  return {a.batch,
          a.height,
          a.width,
          a.channels,
          a.stride,
          subsampled(a.height, a.stride),
          subsampled(a.width, a.stride)};
}

template <int N, typename T>
__global__ void __launch_bounds__(kSampleThreads) subsample_kernel(T* y, const T* x, SubsampleShape s) {
  const unsigned group = sample_group();
  const Place place =
      place_of<N>(group, static_cast<unsigned>(s.small_width), static_cast<unsigned>(s.channels));
  if (place.row >= s.small_height) return;
  x += (place.row * s.stride * s.width + place.column * s.stride) * s.channels + place.channel;
  y += static_cast<index_t>(group) * N;
  for (index_t n = blockIdx.y; n < s.batch; n += gridDim.y)
    store<N>(y + n * s.small_height * s.small_width * s.channels,
             load<N>(x + n * s.height * s.width * s.channels));
}

template <int N, typename T>
__global__ void __launch_bounds__(kSampleThreads)
    subsample_backward_kernel(T* dx, const T* dy, SubsampleShape s) {
  const unsigned group = sample_group();
  const Place place =
      place_of<N>(group, static_cast<unsigned>(s.small_width), static_cast<unsigned>(s.channels));
  if (place.row >= s.small_height) return;
  dx += (place.row * s.stride * s.width + place.column * s.stride) * s.channels + place.channel;
  dy += static_cast<index_t>(group) * N;
  for (index_t n = blockIdx.y; n < s.batch; n += gridDim.y) {
    T* const sum = dx + n * s.height * s.width * s.channels;
    Floats<N> values = load<N>(sum);
    const Floats<N> added = load<N>(dy + n * s.small_height * s.small_width * s.channels);
#pragma unroll
    for (int i = 0; i < N; ++i) values[i] += added[i];
    store<N>(sum, values);
  }
}

template <int N>
dim3 small_grid(const SubsampleShape& s) {
  return sample_grid(s.small_height * s.small_width * s.channels / N, s.batch);
}

}  // namespace

template <typename T>
void compute(CudaQueue& queue, const NearestResize<T>& a) {
  constexpr int N = kVectorSize<T>;
  if (vectors_fit<N>(a.channels, a.y, a.x))
    run_nearest_resize<N>(queue, a);
  else
    run_nearest_resize<1>(queue, a);
}

template <typename T>
void compute(CudaQueue& queue, const Subsample<T>& a) {
  constexpr int N = kVectorSize<T>;
  const SubsampleShape s = shape_of(a);
  if (vectors_fit<N>(a.channels, a.y, a.x))
    launch(queue, a.name, subsample_kernel<N, T>, small_grid<N>(s), kSampleThreads, 0, a.y, a.x, s);
  else
    launch(queue, a.name, subsample_kernel<1, T>, small_grid<1>(s), kSampleThreads, 0, a.y, a.x, s);
}

template <typename T>
void compute(CudaQueue& queue, const SubsampleBackward<T>& a) {
  constexpr int N = kVectorSize<T>;
  const SubsampleShape s = shape_of(a);
  if (vectors_fit<N>(a.channels, a.dx, a.dy))
    launch(queue, a.name, subsample_backward_kernel<N, T>, small_grid<N>(s), kSampleThreads, 0, a.dx, a.dy,
           s);
  else
    launch(queue, a.name, subsample_backward_kernel<1, T>, small_grid<1>(s), kSampleThreads, 0, a.dx, a.dy,
           s);
}

template struct CudaKernel<NearestResize<float>>;
template struct CudaKernel<NearestResize<Half>>;
template struct CudaKernel<Subsample<float>>;
template struct CudaKernel<Subsample<Half>>;
template struct CudaKernel<SubsampleBackward<float>>;
template struct CudaKernel<SubsampleBackward<Half>>;

}  // namespace poster::kernels
