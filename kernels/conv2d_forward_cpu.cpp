#include "kernels/cpu/conv2d.h"
#include "kernels/cpu/isa.h"
#include "kernels/cpu/tap_product.h"

namespace poster::kernels::POSTER_ISA {
namespace {

// Below this many channels the inner loops over them would be too short: taps are gathered into rows first.
constexpr index_t kFewChannels = 16;

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

// One pixel's window: [kernel, kernel, c_in], zero outside the map.
template <typename T>
void gather_window(const Conv2dShape& s, const T* image, index_t row, index_t column, T* out) {
  const index_t left = column * s.stride - s.padding, length = s.kernel * s.c_in;
  const index_t first = std::max<index_t>(0, -left);
  const index_t last = std::max(first, std::min(s.kernel, s.width - left));
  for (index_t r = 0; r < s.kernel; ++r, out += length) {
    const index_t y = row * s.stride - s.padding + r;
    if (y < 0 || y >= s.height) {
      std::fill_n(out, length, T(0));
      continue;
    }
    const T* const from = image + (y * s.width + left) * s.c_in;
    std::fill_n(out, first * s.c_in, T(0));
    for (index_t l = first * s.c_in; l < last * s.c_in; ++l) out[l] = from[l];
    std::fill(out + last * s.c_in, out + length, T(0));
  }
}

template <typename T>
void forward_by_windows(CpuQueue& queue, const Conv2dForward<T>& a) {
  const Conv2dShape& s = a.shape;
  const index_t k = s.kernel * s.kernel * s.c_in;
  T* const packed_b = queue.shared_scratch<T>(packed_b_size<T>(k, s.c_out));
  pack_weights(queue, k, s.c_out, a.w, packed_b);
  const index_t rows = s.out_height(), columns = s.out_width(), pixels = s.batch * rows * columns;
  const index_t part = even_part(pixels, kBlockRows, kTileRows);
  queue.parallel_for(ceil_div(pixels, part), [&](index_t task, int worker) {
    const index_t first = task * part, count = std::min(part, pixels - first);
    T* const windows = queue.worker_scratch<T>(worker, part * k);
    for (index_t i = 0; i < count; ++i) {
      const index_t pixel = first + i;
      gather_window(s, a.x + pixel / (rows * columns) * s.height * s.width * s.c_in, pixel / columns % rows,
                    pixel % columns, windows + i * k);
    }
    T* const y = a.y + first * s.c_out;
    Epilogue<T> end{.bias = a.bias};
    for (index_t l = 0; l < k; l += kBlockK) {
      multiply_block<T>(
          count, s.c_out,
          [&](index_t i) {
            return StridedRows<T>{windows + i * k + l, k, std::min(kBlockK, k - l)};
          },
          packed_b + l * kTileColumns<T>, k * kTileColumns<T>, [&](index_t i) { return y + i * s.c_out; },
          end);
      end = {.add = true};
    }
  });
}

}  // namespace

template <typename T>
void conv2d_forward(CpuQueue& queue, const Conv2dForward<T>& a) {
  const Conv2dShape& s = a.shape;
  if (is_pointwise(s)) {
    POSTER_ISA::matmul<T>(queue, {.c = a.y,
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

}  // namespace poster::kernels::POSTER_ISA

POSTER_CPU_KERNEL(conv2d_forward, Conv2dForward)
