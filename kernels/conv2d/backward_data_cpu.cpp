#include "kernels/conv2d/cpu_parts.h"
#include "kernels/conv2d/tap_product.h"
#include "kernels/cpu/isa.h"

namespace poster::kernels::POSTER_ISA {
namespace {

// Input row i of phase p (i = stride q + p) is reached from output row (i + padding - r) / stride through
// kernel row r, for the r that leave no remainder: first, first + stride, … So each phase is a dense
// convolution of dy with the taps that reach it.
struct PhaseTaps {
  index_t first, count;
};

PhaseTaps phase_taps(index_t p, const Conv2dShape& s) {
  const index_t first = (p + s.padding) % s.stride;
  return {first, first < s.kernel ? ceil_div(s.kernel - first, s.stride) : 0};
}

// Panels of w[o, r, s, c] as B[(taps, o), c].
template <typename T>
void pack_phase(const Conv2dShape& s, index_t panel, PhaseTaps rows, PhaseTaps columns, const T* w, T* out) {
  constexpr index_t width = kTileColumns<T>;
  const index_t c = panel * width, depth = s.kernel * s.kernel * s.c_in;
  for (index_t i = 0; i < rows.count; ++i)
    for (index_t j = 0; j < columns.count; ++j, out += s.c_out * width) {
      const index_t tap = (rows.first + i * s.stride) * s.kernel + columns.first + j * s.stride;
      pack_panel<T>(s.c_out, std::min(width, s.c_in - c), {w + tap * s.c_in + c, depth, 1}, out);
    }
}

template <typename T>
void zero_phase(CpuQueue& queue, const Conv2dShape& s, index_t p, index_t q, T* dx) {
  const index_t rows = ceil_div(s.height - p, s.stride);
  queue.parallel_for(s.batch * rows, [&](index_t task) {
    T* const row = dx + (task / rows * s.height + p + task % rows * s.stride) * s.width * s.c_in;
    for (index_t j = q; j < s.width; j += s.stride) std::fill_n(row + j * s.c_in, s.c_in, T(0));
  });
}

template <typename T>
void backward_by_phases(CpuQueue& queue, const Conv2dBackwardData<T>& a) {
  const Conv2dShape& s = a.shape;
  const index_t b_size = round_up(packed_b_size<T>(s.kernel * s.kernel * s.c_out, s.c_in), 16);
  T* const packed_b = queue.shared_scratch<T>(b_size + s.c_out);
  T* const zeros = packed_b + b_size;
  std::fill_n(zeros, s.c_out, T(0));

  for (index_t p = 0; p < std::min(s.stride, s.height); ++p)
    for (index_t q = 0; q < std::min(s.stride, s.width); ++q) {
      const PhaseTaps rows = phase_taps(p, s), columns = phase_taps(q, s);
      const index_t taps = rows.count * columns.count;
      if (taps == 0) {
        zero_phase(queue, s, p, q, a.dx);
        continue;
      }
      queue.parallel_for(ceil_div(s.c_in, kTileColumns<T>), [&](index_t panel) {
        pack_phase(s, panel, rows, columns, a.w, packed_b + panel * kTileColumns<T> * taps * s.c_out);
      });
      const TapProduct<T> product{
          .out = a.dx + (p * s.width + q) * s.c_in,
          .out_image = s.height * s.width * s.c_in,
          .out_row = s.stride * s.width * s.c_in,
          .out_pixel = s.stride * s.c_in,
          .batch = s.batch,
          .rows = ceil_div(s.height - p, s.stride),
          .columns = ceil_div(s.width - q, s.stride),
          .channels_out = s.c_in,
          .source = a.dy,
          .height = s.out_height(),
          .width = s.out_width(),
          .channels = s.c_out,
          .step = 1,
          .taps = {(p + s.padding - rows.first) / s.stride, (q + s.padding - columns.first) / s.stride,
                   rows.count, columns.count, -1},
          .packed_b = packed_b,
          .zeros = zeros,
          .bias = nullptr};
      const TapPartition partition = tap_partition(product);
      queue.parallel_for(partition.tasks(), [&](index_t task) { run_tap_task(product, partition, task); });
    }
}

}  // namespace

template <typename T>
void compute(Here, CpuQueue& queue, const Conv2dBackwardData<T>& a) {
  const Conv2dShape& s = a.shape;
  if (is_pointwise(s)) {
    CpuKernel<Here, Matmul<T>>::run(queue, {.c = a.dx,
                                            .a = a.dy,
                                            .b = a.w,
                                            .m = s.batch * s.height * s.width,
                                            .n = s.c_in,
                                            .k = s.c_out,
                                            .lda = s.c_out,
                                            .ldb = s.c_in,
                                            .ldc = s.c_in});
    return;
  }
  if (s.batch == 0) return;
  if constexpr (std::is_same_v<T, float>) {
    if (is_winograd_shape(s) && a.accuracy != Conv2dAccuracy::exact) {
      // The gradient is the convolution of dy with the kernel turned by half a turn: tap 8 - t for tap t.
      const Winograd3x3 product{.y = a.dx,
                                .x = a.dy,
                                .w = a.w + 8 * s.c_in,
                                .stride_out = 1,
                                .stride_in = 9 * s.c_in,
                                .stride_tap = -s.c_in,
                                .bias = nullptr,
                                .batch = s.batch,
                                .height = s.height,
                                .width = s.width,
                                .c_in = s.c_out,
                                .c_out = s.c_in};
      if (winograd_3x3(queue, product, a.accuracy)) return;
    }
  }
  backward_by_phases(queue, a);
}

}  // namespace poster::kernels::POSTER_ISA

namespace poster::kernels {

template struct CpuKernel<POSTER_ISA::Here, Conv2dBackwardData<float>>;
template struct CpuKernel<POSTER_ISA::Here, Conv2dBackwardData<double>>;

}  // namespace poster::kernels
