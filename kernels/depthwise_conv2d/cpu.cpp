#include "kernels/depthwise_conv2d/depthwise_conv2d.h"

#include "kernels/cpu/isa.h"
#include "kernels/cpu/row_blocks.h"

namespace poster::kernels::POSTER_ISA {

// One product of a pixel and a filter's weights, channel by channel.
template <typename T>
struct Tap {
  const T *x, *w;
};

// y = (0 or y) + sum over N taps of w x, or with kSlope of w prelu(x, slope).
template <index_t N, bool kSlope, typename T>
void add_taps(T* y, const Tap<T>* taps, const T* slope, index_t channels, bool overwrite) {
  Tap<T> t[N];
  for (index_t i = 0; i < N; ++i) t[i] = taps[i];
  const T keep = overwrite ? T(0) : T(1);
#pragma omp simd
  for (index_t c = 0; c < channels; ++c) {
    T sum = keep == 0 ? T(0) : y[c];
#pragma GCC unroll 9
    for (index_t i = 0; i < N; ++i) {
      T x = t[i].x[c];
      if constexpr (kSlope) x = x > 0 ? x : slope[c] * x;
      sum += t[i].w[c] * x;
    }
    y[c] = sum;
  }
}

// The taps of one pixel, gathered and then added in as few passes over y as possible.
template <bool kSlope, typename T>
class Pixel {
 public:
  Pixel(T* y, index_t channels, const T* slope = nullptr) : y_(y), slope_(slope), channels_(channels) {}
  void tap(const T* x, const T* w) {
    taps_[count_++] = {x, w};
    if (count_ == kMaxTaps) flush();
  }
  void finish() {
    flush();
    if (first_)
      for (index_t c = 0; c < channels_; ++c) y_[c] = 0;
  }

 private:
  static constexpr index_t kMaxTaps = 9;

  template <index_t N>
  index_t add_from(index_t done) {
    for (; count_ - done >= N; done += N) {
      add_taps<N, kSlope>(y_, taps_ + done, slope_, channels_, first_);
      first_ = false;
    }
    return done;
  }
  void flush() {
    index_t done = add_from<9>(0);
    done = add_from<6>(done);
    done = add_from<4>(done);
    done = add_from<2>(done);
    add_from<1>(done);
    count_ = 0;
  }

  T* y_;
  const T* slope_;
  index_t channels_;
  Tap<T> taps_[kMaxTaps];
  index_t count_ = 0;
  bool first_ = true;
};

// Those k in [0, kernel) with 0 <= start + k < size.
struct Range {
  index_t begin, end;
  Range(index_t start, index_t kernel, index_t size)
      : begin(start < 0 ? -start : 0), end(size - start < kernel ? size - start : kernel) {}
};

// Calls then(y) for each pixel of y.
template <bool kSlope, typename T, typename Op, typename Then>
void forward(CpuQueue& queue, const Op& a, const T* x_slope, Then then) {
  const auto& s = a.shape;
  const index_t channels = s.channels, out_height = s.out_height(), out_width = s.out_width();
  const RowBlocks blocks(s.batch * out_height * out_width, channels);
  queue.parallel_for(blocks.count, [&](index_t block) {
    for (index_t p = blocks.begin(block); p < blocks.end(block); ++p) {
      const index_t j = p % out_width, i = p / out_width % out_height, n = p / out_width / out_height;
      const index_t top = i * s.stride - s.padding, left = j * s.stride - s.padding;
      const Range rows(top, s.kernel, s.height), columns(left, s.kernel, s.width);
      Pixel<kSlope, T> pixel(a.y + p * channels, channels, x_slope);
      for (index_t r = rows.begin; r < rows.end; ++r)
        for (index_t q = columns.begin; q < columns.end; ++q)
          pixel.tap(a.x + ((n * s.height + top + r) * s.width + left + q) * channels,
                    a.w + (r * s.kernel + q) * channels);
      pixel.finish();
      then(a.y + p * channels);
    }
  });
}

template <typename T>
void compute(Here, CpuQueue& queue, const DepthwiseConv2dForward<T>& a) {
  forward<false, T>(queue, a, nullptr, [](T*) {});
}

template <typename T>
void compute(Here, CpuQueue& queue, const DepthwiseConv2dPRelu<T>& a) {
  const auto finish = [&](T* y) {
    const T *const bias = a.bias, *const slope = a.slope;
#pragma omp simd
    for (index_t c = 0; c < a.shape.channels; ++c) {
      const T z = y[c] + bias[c];
      y[c] = z > 0 ? z : slope[c] * z;
    }
  };
  a.x_slope ? forward<true, T>(queue, a, a.x_slope, finish) : forward<false, T>(queue, a, nullptr, finish);
}

template <typename T>
void input_gradient(CpuQueue& queue, const DepthwiseConv2dBackward<T>& a) {
  const auto& s = a.shape;
  const index_t channels = s.channels, out_height = s.out_height(), out_width = s.out_width();
  const RowBlocks blocks(s.batch * s.height * s.width, channels);
  queue.parallel_for(blocks.count, [&](index_t block) {
    for (index_t p = blocks.begin(block); p < blocks.end(block); ++p) {
      const index_t j = p % s.width, i = p / s.width % s.height, n = p / s.width / s.height;
      Pixel<false, T> pixel(a.dx + p * channels, channels);
      for (index_t r = 0; r < s.kernel; ++r) {
        const index_t row = i + s.padding - r;  // the output row times stride
        if (row < 0 || row % s.stride != 0 || row / s.stride >= out_height) continue;
        for (index_t q = 0; q < s.kernel; ++q) {
          const index_t column = j + s.padding - q;
          if (column < 0 || column % s.stride != 0 || column / s.stride >= out_width) continue;
          pixel.tap(a.dy + ((n * out_height + row / s.stride) * out_width + column / s.stride) * channels,
                    a.w + (r * s.kernel + q) * channels);
        }
      }
      pixel.finish();
    }
  });
}

// sum += dy x over `count` pixels, the x `step` elements apart. Four at a time, to load and store the sums
// less often.
template <typename T>
void add_products(T* sum, const T* dy, const T* x, index_t count, index_t step, index_t channels) {
  index_t j = 0;
  for (; j + 4 <= count; j += 4) {
    const T *const d0 = dy + j * channels, *const d1 = d0 + channels, *const d2 = d1 + channels,
                   *const d3 = d2 + channels;
    const T *const x0 = x + j * step, *const x1 = x0 + step, *const x2 = x1 + step, *const x3 = x2 + step;
#pragma omp simd
    for (index_t c = 0; c < channels; ++c)
      sum[c] += (d0[c] * x0[c] + d1[c] * x1[c]) + (d2[c] * x2[c] + d3[c] * x3[c]);
  }
  for (; j < count; ++j) {
    const T *const d = dy + j * channels, *const v = x + j * step;
#pragma omp simd
    for (index_t c = 0; c < channels; ++c) sum[c] += d[c] * v[c];
  }
}

template <typename T>
void weight_gradient(CpuQueue& queue, const DepthwiseConv2dBackward<T>& a) {
  const auto& s = a.shape;
  const index_t channels = s.channels, out_height = s.out_height(), out_width = s.out_width();
  const index_t weights = s.kernel * s.kernel * channels;
  // Rows of the output in a block: the sums of a block should be few beside its elements.
  const RowBlocks blocks(s.batch * out_height, out_width * channels, 4 * kTaskElements);
  T* const partials = queue.shared_scratch<T>(blocks.count * weights);
  queue.parallel_for(blocks.count, [&](index_t block) {
    T* const sums = partials + block * weights;
    for (index_t k = 0; k < weights; ++k) sums[k] = 0;
    for (index_t row = blocks.begin(block); row < blocks.end(block); ++row) {
      const index_t i = row % out_height, n = row / out_height, top = i * s.stride - s.padding;
      const Range rows(top, s.kernel, s.height);
      for (index_t r = rows.begin; r < rows.end; ++r) {
        const T* const x = a.x + (n * s.height + top + r) * s.width * channels;
        for (index_t q = 0; q < s.kernel; ++q) {
          // Outputs j with 0 <= j stride + q - padding < width.
          const index_t offset = q - s.padding;
          const index_t begin = offset < 0 ? ceil_div(-offset, s.stride) : 0;
          const index_t last = s.width - 1 - offset;
          index_t end = last < 0 ? 0 : last / s.stride + 1;
          if (end > out_width) end = out_width;
          if (begin < end)
            add_products(sums + (r * s.kernel + q) * channels, a.dy + (row * out_width + begin) * channels,
                         x + (begin * s.stride + offset) * channels, end - begin, s.stride * channels,
                         channels);
        }
      }
    }
  });
  sum_blocks(queue, partials, blocks.count, weights,
             [&](index_t k, double sum) { a.dw[k] = static_cast<T>(sum); });
}

template <typename T>
void compute(Here, CpuQueue& queue, const DepthwiseConv2dBackward<T>& a) {
  if (a.dx) input_gradient(queue, a);
  if (a.dw) weight_gradient(queue, a);
}

}  // namespace poster::kernels::POSTER_ISA

namespace poster::kernels {

template struct CpuKernel<POSTER_ISA::Here, DepthwiseConv2dForward<float>>;
template struct CpuKernel<POSTER_ISA::Here, DepthwiseConv2dForward<double>>;
template struct CpuKernel<POSTER_ISA::Here, DepthwiseConv2dPRelu<float>>;
template struct CpuKernel<POSTER_ISA::Here, DepthwiseConv2dPRelu<double>>;
template struct CpuKernel<POSTER_ISA::Here, DepthwiseConv2dBackward<float>>;
template struct CpuKernel<POSTER_ISA::Here, DepthwiseConv2dBackward<double>>;

}  // namespace poster::kernels
