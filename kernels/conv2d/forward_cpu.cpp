#include "kernels/conv2d/cpu_parts.h"
#include "kernels/conv2d/tap_product.h"
#include "kernels/cpu/isa.h"

namespace poster::kernels::POSTER_ISA {
namespace {

// Below this many channels the inner loops over them would be too short: they run over rows of windows.
constexpr index_t kFewChannels = 16;
constexpr index_t kWindowRows = 4;  // rows of a window that are worked on at a time

template <typename T>
void pack_weights(CpuQueue& queue, index_t k, index_t n, const T* w, T* out) {
  constexpr index_t width = kTileColumns<T>;
  queue.parallel_for(ceil_div(n, width), [&](index_t panel) {
    const index_t o = panel * width;
    pack_panel<T>(k, std::min(width, n - o), {w + o * k, 1, k}, out + o * k);
  });
}

template <typename T>
void forward_by_taps(CpuQueue& queue, const Conv2dForward<T>& a) {
  const Conv2dShape& s = a.shape;
  const index_t k = s.kernel * s.kernel * s.c_in;
  const index_t b_size = round_up(packed_b_size<T>(k, s.c_out), 16);
  T* const packed_b = queue.shared_scratch<T>(b_size + s.c_in);
  T* const zeros = packed_b + b_size;
  std::fill_n(zeros, s.c_in, T(0));
  pack_weights(queue, k, s.c_out, a.w, packed_b);

  const index_t rows = s.out_height(), columns = s.out_width();
  const TapProduct<T> product{.out = a.y,
                              .out_image = rows * columns * s.c_out,
                              .out_row = columns * s.c_out,
                              .out_pixel = s.c_out,
                              .batch = s.batch,
                              .rows = rows,
                              .columns = columns,
                              .channels_out = s.c_out,
                              .source = a.x,
                              .height = s.height,
                              .width = s.width,
                              .channels = s.c_in,
                              .step = s.stride,
                              .taps = {-s.padding, -s.padding, s.kernel, s.kernel, 1},
                              .packed_b = packed_b,
                              .zeros = zeros,
                              .bias = a.bias};
  const TapPartition p = tap_partition(product);
  queue.parallel_for(p.tasks(), [&](index_t task) { run_tap_task(product, p, task); });
}

// Row r of a pixel's window lies in the map in one piece, [kernel, c_in], if it doesn't cross the border. If
// it does, it is put together in `scratch`, with zeros outside the map.
template <typename T>
const T* window_row(const Conv2dShape& s, const T* image, index_t y, index_t left, T* scratch) {
  const T* const source = image + (y * s.width + left) * s.c_in;
  const bool row_inside = y >= 0 && y < s.height;
  if (row_inside && left >= 0 && left + s.kernel <= s.width) return source;
  const index_t length = s.kernel * s.c_in;
  std::fill_n(scratch, length, T(0));
  const index_t first = std::clamp<index_t>(-left, 0, s.kernel) * s.c_in;
  const index_t last = std::clamp<index_t>(s.width - left, 0, s.kernel) * s.c_in;
  if (row_inside && first < last) std::copy(source + first, source + last, scratch + first);
  return scratch;
}

template <typename T>
void forward_by_windows(CpuQueue& queue, const Conv2dForward<T>& a) {
  const Conv2dShape& s = a.shape;
  const index_t length = s.kernel * s.c_in, k = s.kernel * length;
  T* const packed_b = queue.shared_scratch<T>(packed_b_size<T>(k, s.c_out));
  pack_weights(queue, k, s.c_out, a.w, packed_b);
  const index_t rows = s.out_height(), columns = s.out_width(), pixels = s.batch * rows * columns;
  const index_t part = even_part(pixels, kBlockRows, kTileRows);
  queue.parallel_for(ceil_div(pixels, part), [&](index_t task, int worker) {
    const index_t first = task * part, count = std::min(part, pixels - first);
    T* const y = a.y + first * s.c_out;
    T* const scratch = queue.worker_scratch<T>(worker, kWindowRows * part * length);
    Epilogue<T> end{.bias = a.bias};
    for (index_t r = 0; r < s.kernel; r += kWindowRows, end = {.add = true}) {
      const index_t group = std::min(kWindowRows, s.kernel - r);
      const T* source[kWindowRows * kBlockRows];  // [group, part]
      index_t n = first / (rows * columns), row = first / columns % rows, column = first % columns;
      for (index_t i = 0; i < count; ++i) {
        const T* const image = a.x + n * s.height * s.width * s.c_in;
        for (index_t g = 0; g < group; ++g)
          source[g * part + i] = window_row(s, image, row * s.stride - s.padding + r + g,
                                            column * s.stride - s.padding, scratch + (g * part + i) * length);
        if (++column == columns) column = 0, ++row;
        if (row == rows) row = 0, ++n;
      }
      multiply_block<T>(
          count, s.c_out,
          [&](index_t i) {
            return IndirectRows<T>{source + i, part, group, 0, length};
          },
          packed_b + r * length * kTileColumns<T>, k * kTileColumns<T>,
          [&](index_t i) { return y + i * s.c_out; }, end);
    }
  });
}

}  // namespace

template <typename T>
void compute(Here, CpuQueue& queue, const Conv2dForward<T>& a) {
  const Conv2dShape& s = a.shape;
  if (is_pointwise(s)) {
    CpuKernel<Here, Matmul<T>>::run(queue, {.c = a.y,
                                            .a = a.x,
                                            .b = a.w,
                                            .bias = a.bias,
                                            .m = s.batch * s.height * s.width,
                                            .n = s.c_out,
                                            .k = s.c_in,
                                            .lda = s.c_in,
                                            .ldb = s.c_in,
                                            .ldc = s.c_out,
                                            .transpose_b = true});
    return;
  }
  if (s.batch == 0) return;
  if constexpr (std::is_same_v<T, float>) {
    if (is_winograd_shape(s) && a.accuracy != Conv2dAccuracy::exact) {
      const Winograd3x3 product{.y = a.y,
                                .x = a.x,
                                .w = a.w,
                                .stride_out = 9 * s.c_in,
                                .stride_in = 1,
                                .stride_tap = s.c_in,
                                .bias = a.bias,
                                .batch = s.batch,
                                .height = s.height,
                                .width = s.width,
                                .c_in = s.c_in,
                                .c_out = s.c_out};
      if (winograd_3x3(queue, product, a.accuracy)) return;
    }
  }
  if (s.c_in < kFewChannels)
    forward_by_windows(queue, a);
  else
    forward_by_taps(queue, a);
}

template <typename T>
void compute(Here here, CpuQueue& queue, const Conv2dForwardEval<T>& a) {
  const Conv2dShape& s = a.shape;
  compute(here, queue,
          Conv2dForward<T>{.y = a.y, .x = a.x, .w = a.w, .bias = a.bias, .shape = s, .accuracy = a.accuracy});
  const index_t pixels = s.batch * s.out_height() * s.out_width();
  if (a.slope)
    CpuKernel<Here, PReluForward<T>>::run(
        queue, {.y = a.y, .x = a.y, .slope = a.slope, .rows = pixels, .channels = s.c_out});
  if (a.residual)
    CpuKernel<Here, Add<T>>::run(queue, {.out = a.y, .a = a.y, .b = a.residual, .count = pixels * s.c_out});
}

}  // namespace poster::kernels::POSTER_ISA

namespace poster::kernels {

template struct CpuKernel<POSTER_ISA::Here, Conv2dForward<float>>;
template struct CpuKernel<POSTER_ISA::Here, Conv2dForward<double>>;
template struct CpuKernel<POSTER_ISA::Here, Conv2dForwardEval<float>>;
template struct CpuKernel<POSTER_ISA::Here, Conv2dForwardEval<double>>;

}  // namespace poster::kernels
