#include "kernels/conv2d/cpu_parts.h"
#include "kernels/cpu/gemm_pack.h"
#include "kernels/cpu/isa.h"

namespace poster::kernels::POSTER_ISA {
namespace {

constexpr index_t kEnoughTasks = 16;
constexpr index_t kMinPixels = 384;  // worth a task of their own

// dw[o, (r, s, c)] = sum over pixels p of dy[p, o] x[window(p, r, s), c]: a matrix product in which the
// pixels are k. A task owns some output channels of one or more kernel rows, over one part of the pixels.
struct WeightPartition {
  index_t rows, row_parts;  // output channels
  index_t pixels, splits;   // output pixels
  index_t tasks(index_t kernel) const { return row_parts * kernel * splits; }
};

WeightPartition partition(const Conv2dShape& s) {
  WeightPartition p{};
  const index_t pixels = s.batch * s.out_height() * s.out_width();
  p.rows = even_part(s.c_out, kBlockRows, kTileRows);
  p.row_parts = ceil_div(s.c_out, p.rows);
  const index_t wanted = ceil_div(kEnoughTasks, p.row_parts * s.kernel);
  p.splits = std::max<index_t>(1, std::min(pixels / kMinPixels, wanted));
  p.pixels = ceil_div(pixels, p.splits);
  p.splits = ceil_div(pixels, p.pixels);
  return p;
}

// Panel of B: for `count` output pixels from `first`, kernel row r, kernel column s: `width` values from
// element `from` of the row [kernel, c_in] of the window.
template <typename T>
void pack_windows(const Conv2dShape& s, index_t first, index_t count, index_t r, index_t from, index_t width,
                  const T* x, T* out) {
  constexpr index_t panel = kTileColumns<T>;
  const index_t columns = s.out_width(), rows = s.out_height();
  index_t column = first % columns, row = first / columns % rows, n = first / columns / rows;
  // Elements of a window's row lie side by side in the map; what falls outside the map is zero.
  for (index_t i = 0; i < count; ++i, out += panel) {
    const index_t y = row * s.stride + r - s.padding;
    const index_t left = (column * s.stride - s.padding) * s.c_in + from;  // in the map's row
    const index_t row_length = s.width * s.c_in;
    if (y < 0 || y >= s.height) {
      std::fill_n(out, panel, T(0));
    } else {
      const T* const source = x + (n * s.height + y) * row_length;
      if (width == panel && left >= 0 && left + panel <= row_length) {
        store(out, load(source + left));
        store(out + kWidth<T>, load(source + left + kWidth<T>));
      } else {
        for (index_t e = 0; e < panel; ++e) {
          const index_t at = left + e;
          out[e] = e < width && at >= 0 && at < row_length ? source[at] : T(0);
        }
      }
    }
    if (++column == columns) {
      column = 0;
      if (++row == rows) row = 0, ++n;
    }
  }
}

}  // namespace

template <typename T>
void compute(Here, CpuQueue& queue, const Conv2dBackwardWeights<T>& a) {
  const Conv2dShape& s = a.shape;
  const index_t pixels = s.batch * s.out_height() * s.out_width();
  if (a.dbias)
    CpuKernel<Here, ColumnSum<T>>::run(queue,
                                       {.out = a.dbias, .x = a.dy, .rows = pixels, .columns = s.c_out});
  if (is_pointwise(s)) {
    CpuKernel<Here, Matmul<T>>::run(queue, {.c = a.dw,
                                            .a = a.dy,
                                            .b = a.x,
                                            .m = s.c_out,
                                            .n = s.c_in,
                                            .k = pixels,
                                            .lda = s.c_out,
                                            .ldb = s.c_in,
                                            .ldc = s.c_in,
                                            .transpose_a = true});
    return;
  }
  if (s.batch == 0) {
    std::fill_n(a.dw, s.c_out * s.kernel * s.kernel * s.c_in, T(0));
    return;
  }
  if constexpr (std::is_same_v<T, float>)
    if (is_winograd_shape(s) && winograd_3x3_weights(queue, a)) return;
  const WeightPartition p = partition(s);
  const index_t window_row = s.kernel * s.c_in, window = s.kernel * window_row;
  const index_t size = s.c_out * window;
  T* const partial = p.splits > 1 ? queue.shared_scratch<T>(p.splits * size) : a.dw;
  const index_t part_k = even_part(p.pixels, kBlockK, 8);
  const index_t b_size = round_up(packed_b_size<T>(part_k, window_row), 16);

  queue.parallel_for(p.tasks(s.kernel), [&](index_t task, int worker) {
    const index_t split = task % p.splits, r = task / p.splits % s.kernel;
    const index_t o = task / p.splits / s.kernel * p.rows;
    const index_t rows = std::min(p.rows, s.c_out - o), last = std::min(pixels, (split + 1) * p.pixels);
    T* const packed_b = queue.worker_scratch<T>(worker, b_size + packed_a_size<T>(p.rows, part_k));
    T* const packed_a = packed_b + b_size;
    T* const dw = partial + split * size + o * window + r * window_row;
    Epilogue<T> end;
    for (index_t k = split * p.pixels; k < last; k += part_k, end.add = true) {
      const index_t depth = std::min(part_k, last - k);
      pack_a<T>(rows, depth, {a.dy + k * s.c_out + o, 1, s.c_out}, packed_a);
      for (index_t j = 0; j < window_row; j += kTileColumns<T>)
        pack_windows(s, k, depth, r, j, std::min(kTileColumns<T>, window_row - j), a.x, packed_b + j * depth);
      multiply_block<T>(
          rows, window_row,
          [&](index_t i) {
            return PackedRows<T>{packed_a + i * depth, depth};
          },
          packed_b, depth * kTileColumns<T>, [&](index_t i) { return dw + i * window; }, end);
    }
  });

  if (p.splits == 1) return;
  constexpr index_t kPerTask = 8192;
  queue.parallel_for(ceil_div(size, kPerTask), [&](index_t task) {
    const index_t end = std::min(size, (task + 1) * kPerTask);
    for (index_t i = task * kPerTask; i < end; ++i) {
      T sum = partial[i];
      for (index_t split = 1; split < p.splits; ++split) sum += partial[split * size + i];
      a.dw[i] = sum;
    }
  });
}

}  // namespace poster::kernels::POSTER_ISA

namespace poster::kernels {

template struct CpuKernel<POSTER_ISA::Here, Conv2dBackwardWeights<float>>;
template struct CpuKernel<POSTER_ISA::Here, Conv2dBackwardWeights<double>>;

}  // namespace poster::kernels
