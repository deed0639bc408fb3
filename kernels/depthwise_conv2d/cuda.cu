#include "kernels/depthwise_conv2d/depthwise_conv2d.h"

#include <utility>

#include "kernels/cuda/column_blocks.cuh"
#include "kernels/cuda/kernel.cuh"
#include "kernels/cuda/partial_sums.cuh"
#include "kernels/cuda/sample_grid.cuh"
#include "kernels/cuda/vector.cuh"

namespace poster::kernels {
namespace {

template <int N>
__device__ void add_product(Floats<N>& sum, const Floats<N>& a, const Floats<N>& b) {
#pragma unroll
  for (int i = 0; i < N; ++i) sum[i] += a[i] * b[i];
}

template <int N>
__device__ void apply_prelu(Floats<N>& x, const Floats<N>& slope) {
#pragma unroll
  for (int i = 0; i < N; ++i) x[i] = x[i] > 0 ? x[i] : slope[i] * x[i];
}

// What is done to N channels of x as they are read and of y before they are written: nothing, or the PReLUs.
template <int N, typename T>
struct Around {
  __device__ Around(const DepthwiseConv2dForward<T>&, index_t) {}
  __device__ void read(Floats<N>&) const {}
  __device__ void finish(Floats<N>&) const {}
};
template <int N, typename T>
struct AroundPRelu {
  __device__ AroundPRelu(const DepthwiseConv2dPRelu<T>& a, index_t channel)
      : bias(a.bias + channel), slope(a.slope + channel) {
#pragma unroll
    for (int i = 0; i < N; ++i) x_slope[i] = a.x_slope ? a.x_slope[channel + i] : 1;
  }
  __device__ void read(Floats<N>& x) const { apply_prelu(x, x_slope); }
  __device__ void finish(Floats<N>& y) const {
    const Floats<N> b = load<N>(bias);
#pragma unroll
    for (int i = 0; i < N; ++i) y[i] += b[i];
    apply_prelu(y, load<N>(slope));
  }
  const float *bias, *slope;  // read at the end: the sums take the registers until then
  Floats<N> x_slope;
};
template <int N, typename T>
Around<N, T> around_of(const DepthwiseConv2dForward<T>&);
template <int N, typename T>
AroundPRelu<N, T> around_of(const DepthwiseConv2dPRelu<T>&);
template <int N, typename Op>
using AroundOf = decltype(around_of<N>(std::declval<Op>()));

// Forward. A thread makes P neighbouring pixels of a row, N channels of each: it reads every weight once, and
// a pixel of x that several of them need once. K is the kernel and S the stride.
template <int N, int K, int S, int P, typename Op>
__global__ void __launch_bounds__(kSampleThreads) forward_strips_kernel(Op a, int out_height, int out_width) {
  const int height = static_cast<int>(a.shape.height), width = static_cast<int>(a.shape.width);
  const unsigned channels = static_cast<unsigned>(a.shape.channels), per_pixel = channels / N;
  const unsigned strips = (out_width + P - 1) / P, group = sample_group(), strip = group / per_pixel;
  const unsigned c = group % per_pixel * N;
  const int i = static_cast<int>(strip / strips), j = static_cast<int>(strip % strips) * P;
  if (i >= out_height) return;
  const int top = i * S - static_cast<int>(a.shape.padding), left = j * S - static_cast<int>(a.shape.padding);
  const AroundOf<N, Op> around(a, c);
  for (index_t n = blockIdx.y; n < a.shape.batch; n += gridDim.y) {
    Floats<N> sums[P] = {};
#pragma unroll
    for (int r = 0; r < K; ++r) {
      if (top + r < 0 || top + r >= height) continue;
      const auto* const x = a.x + (n * height + top + r) * width * channels + c;
      Floats<N> w[K];
#pragma unroll
      for (int s = 0; s < K; ++s) w[s] = load<N>(a.w + (r * K + s) * channels + c);
#pragma unroll
      for (int q = 0; q < (P - 1) * S + K; ++q) {
        if (left + q < 0 || left + q >= width) continue;
        Floats<N> value = load<N>(x + static_cast<index_t>(left + q) * channels);
        around.read(value);
#pragma unroll
        for (int p = 0; p < P; ++p)
          if (q - p * S >= 0 && q - p * S < K) add_product(sums[p], w[q - p * S], value);
      }
    }
    auto* const y = a.y + ((n * out_height + i) * out_width + j) * channels + c;
#pragma unroll
    for (int p = 0; p < P; ++p) {
      if (j + p >= out_width) continue;
      around.finish(sums[p]);
      store<N>(y + static_cast<index_t>(p) * channels, sums[p]);
    }
  }
}

// Forward for any kernel and stride: a thread makes N channels of one pixel.
template <int N, typename Op>
__global__ void __launch_bounds__(kSampleThreads) forward_pixel_kernel(Op a, int out_height, int out_width) {
  const int height = static_cast<int>(a.shape.height), width = static_cast<int>(a.shape.width);
  const int kernel = static_cast<int>(a.shape.kernel), stride = static_cast<int>(a.shape.stride);
  const unsigned channels = static_cast<unsigned>(a.shape.channels), per_pixel = channels / N;
  const unsigned group = sample_group(), pixel = group / per_pixel, c = group % per_pixel * N;
  const int i = static_cast<int>(pixel / out_width), j = static_cast<int>(pixel % out_width);
  if (i >= out_height) return;
  const int top = i * stride - static_cast<int>(a.shape.padding);
  const int left = j * stride - static_cast<int>(a.shape.padding);
  const AroundOf<N, Op> around(a, c);
  for (index_t n = blockIdx.y; n < a.shape.batch; n += gridDim.y) {
    Floats<N> sum{};
    for (int r = 0; r < kernel; ++r) {
      if (top + r < 0 || top + r >= height) continue;
      const auto* const x = a.x + (n * height + top + r) * width * channels + c;
      for (int s = 0; s < kernel; ++s) {
        if (left + s < 0 || left + s >= width) continue;
        Floats<N> value = load<N>(x + static_cast<index_t>(left + s) * channels);
        around.read(value);
        add_product(sum, load<N>(a.w + static_cast<index_t>(r * kernel + s) * channels + c), value);
      }
    }
    around.finish(sum);
    store<N>(a.y + (n * out_height * out_width + pixel) * channels + c, sum);
  }
}

// A thread makes N channels of one pixel of dx: it gathers the output pixels that the pixel went into.
template <int N, typename T>
__global__ void __launch_bounds__(kSampleThreads)
    backward_data_kernel(DepthwiseConv2dBackward<T> a, int out_height, int out_width) {
  const int height = static_cast<int>(a.shape.height), width = static_cast<int>(a.shape.width);
  const int kernel = static_cast<int>(a.shape.kernel), stride = static_cast<int>(a.shape.stride);
  const unsigned channels = static_cast<unsigned>(a.shape.channels), per_pixel = channels / N;
  const unsigned group = sample_group(), pixel = group / per_pixel, c = group % per_pixel * N;
  // The row and the column of y, times stride, that tap 0 would take the pixel to.
  const int row = static_cast<int>(pixel / width) + static_cast<int>(a.shape.padding);
  const int column = static_cast<int>(pixel % width) + static_cast<int>(a.shape.padding);
  if (pixel >= static_cast<unsigned>(height) * width) return;
  for (index_t n = blockIdx.y; n < a.shape.batch; n += gridDim.y) {
    Floats<N> sum{};
    for (int r = row % stride; r < kernel && r <= row; r += stride) {
      const int i = (row - r) / stride;
      if (i >= out_height) continue;
      const T* const dy = a.dy + (n * out_height + i) * out_width * channels + c;
      for (int s = column % stride; s < kernel && s <= column; s += stride) {
        const int j = (column - s) / stride;
        if (j >= out_width) continue;
        add_product(sum, load<N>(a.w + static_cast<index_t>(r * kernel + s) * channels + c),
                    load<N>(dy + static_cast<index_t>(j) * channels));
      }
    }
    store<N>(a.dx + (n * height * width + pixel) * channels + c, sum);
  }
}

// Neighbouring taps of a kernel's row that one block sums.
constexpr int kTaps = 4;

// dw, of which partials[chunk] are the sums of one chunk; of one chunk there are none. A block takes kTaps taps (blockIdx.y), its groups of channels (blockIdx.x) and its
// chunk of y's pixels (blockIdx.z), which its rows of threads share out.
template <int N, bool aligned, typename T>
__global__ void __launch_bounds__(ColumnBlock::kThreads, N == 8   ? 3
                                                         : N == 4 ? 4
                                                                  : 6)
    backward_weights_kernel(DepthwiseConv2dBackward<T> a, PartialSums totals, int out_height, int out_width,
                            index_t chunk_pixels, int lanes) {
  const int height = static_cast<int>(a.shape.height), width = static_cast<int>(a.shape.width);
  const int kernel = static_cast<int>(a.shape.kernel), stride = static_cast<int>(a.shape.stride);
  const index_t channels = a.shape.channels, pixels = a.shape.batch * out_height * out_width;
  const int rank = static_cast<int>(threadIdx.x);
  const index_t c = (static_cast<index_t>(blockIdx.x) * lanes + rank % lanes) * N;
  const int tap_groups = (kernel + kTaps - 1) / kTaps;
  const int r = static_cast<int>(blockIdx.y) / tap_groups;
  const int first_tap = static_cast<int>(blockIdx.y) % tap_groups * kTaps;
  const index_t first = blockIdx.z * chunk_pixels;
  const index_t last = first + chunk_pixels < pixels ? first + chunk_pixels : pixels;
  Floats<N> sums[kTaps] = {};
  if (c < channels)
    for (index_t p = first + rank / lanes; p < last; p += ColumnBlock::kThreads / lanes) {
      const index_t line = p / out_width, n = line / out_height;
      const int j = static_cast<int>(p - line * out_width), i = static_cast<int>(line - n * out_height);
      const int row = i * stride + r - static_cast<int>(a.shape.padding);
      const int left = j * stride + first_tap - static_cast<int>(a.shape.padding);
      if (row < 0 || row >= height) continue;
      const Floats<N> d = load_neighbours<N, aligned>(a.dy + p * channels + c);
      const T* const x = a.x + (n * height + row) * width * channels + c;
#pragma unroll
      for (int s = 0; s < kTaps; ++s)
        if (first_tap + s < kernel && left + s >= 0 && left + s < width)
          add_product(sums[s], d, load_neighbours<N, aligned>(x + (left + s) * channels));
    }
  const bool one = totals.parts == 1;
  const index_t line = static_cast<index_t>(r) * kernel + first_tap;
  float* const dw = (one ? totals.out : totals.partials + blockIdx.z * totals.columns) + line * channels + c;
#pragma unroll
  for (int s = 0; s < kTaps; ++s) {
    const Floats<N> sum = sum_block_rows<N>(sums[s], lanes);
    if (rank < lanes && c < channels && first_tap + s < kernel)
#pragma unroll
      for (int i = 0; i < N; ++i) dw[s * channels + i] = sum[i];
  }
  if (one) return;
  const index_t begin = static_cast<index_t>(blockIdx.x) * lanes * N, rest = channels - begin;
  const int count = static_cast<int>(rest < lanes * N ? rest : lanes * N);
  const int taps = kernel - first_tap < kTaps ? kernel - first_tap : kTaps;
  finish_sums(totals, blockIdx.z, blockIdx.y * static_cast<index_t>(gridDim.x) + blockIdx.x, taps * count,
              [&](int i) { return (line + i / count) * channels + begin + i % count; });
}

void check_shape(const DepthwiseConv2dShape& s) {
  if (s.height * s.width > 0x7FFFFFFF || s.stride < 1 || s.kernel < 1 || s.kernel > 128)
    throw CudaError("CUDA: depthwise_conv2d: maps of " + std::to_string(s.height) + "x" +
                    std::to_string(s.width) + ", kernel " + std::to_string(s.kernel) + ", stride " +
                    std::to_string(s.stride) + " are beyond its range");
}

template <int N, int S, typename Op>
void run_strips(CudaQueue& queue, const Op& a) {
  constexpr int kKernel = 3, kPixels = 4;
  const index_t height = a.shape.out_height(), width = a.shape.out_width();
  launch(queue, a.name, forward_strips_kernel<N, kKernel, S, kPixels, Op>,
         sample_grid(height * ceil_div(width, kPixels) * a.shape.channels / N, a.shape.batch), kSampleThreads,
         0, a, static_cast<int>(height), static_cast<int>(width));
}

template <int N, typename Op>
void run_forward(CudaQueue& queue, const Op& a) {
  if (a.shape.kernel == 3 && a.shape.stride == 1) return run_strips<N, 1>(queue, a);
  if (a.shape.kernel == 3 && a.shape.stride == 2) return run_strips<N, 2>(queue, a);
  const index_t height = a.shape.out_height(), width = a.shape.out_width();
  launch(queue, a.name, forward_pixel_kernel<N, Op>,
         sample_grid(height * width * a.shape.channels / N, a.shape.batch), kSampleThreads, 0, a,
         static_cast<int>(height), static_cast<int>(width));
}

template <int N, typename T>
void run_backward_data(CudaQueue& queue, const DepthwiseConv2dBackward<T>& a) {
  launch(queue, a.name, backward_data_kernel<N, T>,
         sample_grid(a.shape.height * a.shape.width * a.shape.channels / N, a.shape.batch), kSampleThreads, 0,
         a, static_cast<int>(a.shape.out_height()), static_cast<int>(a.shape.out_width()));
}

template <int N, typename T>
void run_backward_weights(CudaQueue& queue, const DepthwiseConv2dBackward<T>& a) {
  const auto& s = a.shape;
  const ColumnBlock block = column_block(s.channels / N);
  const index_t taps = s.kernel * ceil_div(s.kernel, kTaps), weights = s.kernel * s.kernel * s.channels;
  const RowChunks chunks(s.batch * s.out_height() * s.out_width(), block.rows(), block.tiles * taps);
  // Asked for whether dw is wanted or not: a dry run may have no pointers.
  float* const partials = queue.scratch<float>(chunks.count * weights);
  if (!a.dw) return;
  const PartialSums totals{
      .out = a.dw,
      .partials = partials,
      .counters = queue.counters(chunks.count > 1 ? block.tiles * taps * kSumCounters : 0),
      .parts = chunks.count,
      .columns = weights};
  const auto kernel = vectors_fit<N>(s.channels, a.dy, a.x) ? backward_weights_kernel<N, true, T>
                                                            : backward_weights_kernel<N, false, T>;
  launch(queue, a.name, kernel,
         dim3(blocks_for(block.tiles, 1), static_cast<unsigned>(taps), static_cast<unsigned>(chunks.count)),
         ColumnBlock::kThreads, 0, a, totals, static_cast<int>(s.out_height()),
         static_cast<int>(s.out_width()), chunks.rows, block.lanes);
}

}  // namespace

template <typename T>
void compute(CudaQueue& queue, const DepthwiseConv2dForward<T>& a) {
  constexpr int N = kVectorSize<T>;
  check_shape(a.shape);
  if (vectors_fit<N>(a.shape.channels, a.y, a.x, a.w))
    run_forward<N>(queue, a);
  else
    run_forward<1>(queue, a);
}

template <typename T>
void compute(CudaQueue& queue, const DepthwiseConv2dPRelu<T>& a) {
  constexpr int N = kVectorSize<T>;
  check_shape(a.shape);
  if (vectors_fit<N>(a.shape.channels, a.y, a.x, a.w) && vectors_fit<N>(a.shape.channels, a.bias, a.slope))
    run_forward<N>(queue, a);
  else
    run_forward<1>(queue, a);
}

template <typename T>
void compute(CudaQueue& queue, const DepthwiseConv2dBackward<T>& a) {
  constexpr int N = kVectorSize<T>;
  check_shape(a.shape);
  if (a.dx) {
    if (vectors_fit<N>(a.shape.channels, a.dx, a.dy, a.w))
      run_backward_data<N>(queue, a);
    else
      run_backward_data<1>(queue, a);
  }
  // By the size alone: the order of the sums depends on it.
  if (a.shape.channels % N == 0)
    run_backward_weights<N>(queue, a);
  else
    run_backward_weights<1>(queue, a);
}

template struct CudaKernel<DepthwiseConv2dForward<float>>;
template struct CudaKernel<DepthwiseConv2dForward<Half>>;
template struct CudaKernel<DepthwiseConv2dPRelu<float>>;
template struct CudaKernel<DepthwiseConv2dPRelu<Half>>;
template struct CudaKernel<DepthwiseConv2dBackward<float>>;
template struct CudaKernel<DepthwiseConv2dBackward<Half>>;

}  // namespace poster::kernels
