// Winograd's minimal filtering for 3x3 convolutions of stride 1 and padding 1. An image is cut into tiles of
// m x m outputs; a transformed tile has (m+2)² elements, and for each of them the tiles are the rows of one
// matrix product with the transformed weights.
#include "kernels/conv2d/cpu_parts.h"
#include "kernels/conv2d/winograd_transforms.h"
#include "kernels/cpu/gemm_pack.h"

namespace poster::kernels::POSTER_ISA {
namespace {

constexpr index_t kWidthF = kWidth<float>;
constexpr index_t kPanel = kTileColumns<float>;

// Planes (one for each element of a transformed tile) start at different cache sets: without this a tile's
// elements, a power of two apart, would push each other out.
constexpr index_t kPlanePadding = 80;

// Floats of transformed tiles: of one task when the whole problem runs in blocks, of all threads together
// when it runs in steps.
constexpr index_t kPrivateWorkspace = index_t{128} * 1024;
constexpr index_t kSharedWorkspace = index_t{2304} * 1024;

template <int m>
struct Winograd {
  static constexpr int kSide = m + 2;
  static constexpr int kElements = kSide * kSide;

  explicit Winograd(const Winograd3x3& problem) : a(problem) {}

  const Winograd3x3& a;
  TileGrid<m> grid{a.batch, a.height, a.width};
  index_t tiles = grid.tiles;
  index_t weights_plane = a.c_in * round_up(a.c_out, kPanel);
  float* weights = nullptr;  // [kElements], panels of [c_in, c_out]
  float* zeros = nullptr;    // [c_in]

  index_t v_plane(index_t block) const { return block * a.c_in + kPlanePadding; }
  index_t s_plane(index_t block) const { return block * a.c_out + kPlanePadding; }
  // Transformed tiles and their products, for `block` tiles.
  index_t workspace(index_t block) const { return kElements * (v_plane(block) + s_plane(block)); }

  void transform_weights(CpuQueue& queue) const {
    constexpr index_t kChannels = 32;
    const index_t parts = ceil_div(a.c_in, kChannels);
    queue.parallel_for(ceil_div(a.c_out, kPanel) * parts, [&](index_t task, int worker) {
      const index_t o = task / parts * kPanel, c = task % parts * kChannels;
      const index_t depth = std::min(kChannels, a.c_in - c);
      float* const packed = queue.worker_scratch<float>(worker, 9 * kChannels * kPanel);
      for (index_t tap = 0; tap < 9; ++tap)
        pack_panel<float>(
            depth, std::min(kPanel, a.c_out - o),
            {a.w + tap * a.stride_tap + o * a.stride_out + c * a.stride_in, a.stride_in, a.stride_out},
            packed + tap * depth * kPanel);
      float* const out = weights + o * a.c_in + c * kPanel;
      for (index_t l = 0; l < depth * kPanel; l += kWidthF)
        transform_weight(packed + l, depth * kPanel, out + l);
    });
  }

  void transform_weight(const float* g, index_t tap_stride, float* out) const {
    Vector<float> rows[kSide][3];
    for (int column = 0; column < 3; ++column) {
      Vector<float> u[kSide];
      transform_weight_line<m>({load(g + column * tap_stride), load(g + (3 + column) * tap_stride),
                                load(g + (6 + column) * tap_stride)},
                               u);
      for (int i = 0; i < kSide; ++i) rows[i][column] = u[i];
    }
    for (int i = 0; i < kSide; ++i) {
      Vector<float> u[kSide];
      transform_weight_line<m>(rows[i], u);
      for (int j = 0; j < kSide; ++j) store(out + (i * kSide + j) * weights_plane, u[j]);
    }
  }

  // Tile `tile` of the problem to a row of the planes.
  void transform_tile(index_t tile, float* v, index_t plane) const {
    const float* pixel[kSide][kSide];
    grid.pixels(tile, 1, a.x, a.c_in, zeros, pixel);
    transform_input<m>(pixel, a.c_in,
                       [&](int element, index_t c, Vector<float> t) { store(v + element * plane + c, t); });
  }

  void multiply(index_t element, index_t rows, const float* v, float* s, index_t columns_from,
                index_t columns) const {
    const float* const b = weights + element * weights_plane + columns_from * a.c_in;
    const index_t part_k = std::min(a.c_in, even_part(a.c_in, kBlockK, 8));
    Epilogue<float> end;
    for (index_t l = 0; l < a.c_in; l += part_k, end.add = true)
      multiply_block<float>(
          rows, columns,
          [&](index_t i) {
            return StridedRows<float>{v + i * a.c_in + l, a.c_in, std::min(part_k, a.c_in - l)};
          },
          b + l * kPanel, a.c_in * kPanel, [&](index_t i) { return s + i * a.c_out + columns_from; }, end);
  }

  void transform_output(index_t tile, const float* s, index_t plane) const {
    const index_t n = grid.image(tile), top = grid.top(tile), left = grid.left(tile);
    const index_t rows = std::min<index_t>(m, a.height - top), columns = std::min<index_t>(m, a.width - left);
    float* const y = a.y + ((n * a.height + top) * a.width + left) * a.c_out;
    for (index_t o = 0; o < a.c_out; o += kWidthF) {
      Vector<float> lines[m][kSide];
#pragma GCC unroll 6
      for (int j = 0; j < kSide; ++j) {
        Vector<float> d[kSide], t[m];
#pragma GCC unroll 6
        for (int i = 0; i < kSide; ++i) d[i] = load(s + (i * kSide + j) * plane + o);
        transform_output_line<m>(d, t);
#pragma GCC unroll 6
        for (int i = 0; i < m; ++i) lines[i][j] = t[i];
      }
      const Vector<float> bias = a.bias ? load(a.bias + o) : Vector<float>{};
#pragma GCC unroll 6
      for (int i = 0; i < m; ++i) {
        if (i >= rows) break;
        Vector<float> t[m];
        transform_output_line<m>(lines[i], t);
#pragma GCC unroll 6
        for (int j = 0; j < m; ++j)
          if (j < columns) store(y + (i * a.width + j) * a.c_out + o, t[j] + bias);
      }
    }
  }

  // A task takes a block of tiles from input to output, all within its core's cache.
  void run_by_blocks(CpuQueue& queue, index_t block) const {
    const index_t vp = v_plane(block), sp = s_plane(block);
    queue.parallel_for(ceil_div(tiles, block), [&](index_t task, int worker) {
      const index_t first = task * block, count = std::min(block, tiles - first);
      float* const v = queue.worker_scratch<float>(worker, workspace(block));
      float* const s = v + kElements * vp;
      for (index_t i = 0; i < count; ++i) transform_tile(first + i, v + i * a.c_in, vp);
      for (int e = 0; e < kElements; ++e) multiply(e, count, v + e * vp, s + e * sp, 0, a.c_out);
      for (index_t i = 0; i < count; ++i) transform_output(first + i, s + i * a.c_out, sp);
    });
  }

  // Large weights, few tiles: all threads go through one step after the other, so that each plane of weights
  // is read once for many tiles.
  void run_by_steps(CpuQueue& queue, index_t block, float* v) const {
    const index_t vp = v_plane(block), sp = s_plane(block);
    float* const s = v + kElements * vp;
    constexpr index_t kTilesPerTask = 4;
    const index_t columns = even_part(a.c_out, 256, kPanel), column_parts = ceil_div(a.c_out, columns);
    for (index_t first = 0; first < tiles; first += block) {
      const index_t count = std::min(block, tiles - first);
      const index_t tile_tasks = ceil_div(count, kTilesPerTask);
      queue.parallel_for(tile_tasks, [&](index_t task) {
        const index_t end = std::min(count, (task + 1) * kTilesPerTask);
        for (index_t i = task * kTilesPerTask; i < end; ++i) transform_tile(first + i, v + i * a.c_in, vp);
      });
      queue.parallel_for(kElements * column_parts, [&](index_t task) {
        const index_t e = task / column_parts, o = task % column_parts * columns;
        multiply(static_cast<int>(e), count, v + e * vp, s + e * sp, o, std::min(columns, a.c_out - o));
      });
      queue.parallel_for(tile_tasks, [&](index_t task) {
        const index_t end = std::min(count, (task + 1) * kTilesPerTask);
        for (index_t i = task * kTilesPerTask; i < end; ++i) transform_output(first + i, s + i * a.c_out, sp);
      });
    }
  }

  void run(CpuQueue& queue) {
    const index_t weights_size = kElements * weights_plane;
    const index_t per_tile = kElements * (a.c_in + a.c_out);
    const index_t block = std::max<index_t>(12, kPrivateWorkspace / per_tile / 6 * 6);
    const bool by_blocks = block >= 24;
    const index_t shared_block =
        std::min(tiles, even_part(tiles, std::max<index_t>(48, kSharedWorkspace / per_tile), kTileRows));
    weights = queue.shared_scratch<float>(weights_size + round_up(a.c_in, 16) +
                                          (by_blocks ? 0 : workspace(shared_block)));
    zeros = weights + weights_size;
    std::fill_n(zeros, a.c_in, 0.0f);
    transform_weights(queue);
    if (by_blocks)
      run_by_blocks(queue, block);
    else
      run_by_steps(queue, shared_block, zeros + round_up(a.c_in, 16));
  }
};

}  // namespace

bool winograd_3x3(CpuQueue& queue, const Winograd3x3& a, Conv2dAccuracy accuracy) {
  if (a.c_in % kWidthF != 0 || a.c_out % kWidthF != 0) return false;
  const int m = best_winograd_tile(a.batch, a.height, a.width, accuracy);
  if (m == 0) return false;
  if (m == 4)
    Winograd<4>(a).run(queue);
  else
    Winograd<2>(a).run(queue);
  return true;
}

}  // namespace poster::kernels::POSTER_ISA
