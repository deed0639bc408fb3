// The gradient of the weights of a 3x3 convolution of stride 1 and padding 1 by Winograd's minimal filtering:
// the transpose of winograd_cpu.cpp. For each element of a transformed tile, one matrix product whose k are
// the tiles.
#include "kernels/conv2d/cpu_parts.h"
#include "kernels/conv2d/winograd_transforms.h"
#include "kernels/cpu/gemm_pack.h"

namespace poster::kernels::POSTER_ISA {
namespace {

constexpr index_t kPanel = kTileColumns<float>;
constexpr index_t kPlanePadding = 80;                     // as in winograd_cpu.cpp
constexpr index_t kWorkspace = index_t{2} * 1024 * 1024;  // floats of transformed tiles held at a time
constexpr index_t kTilesPerTask = 4;

template <int m>
struct WinogradWeights {
  static constexpr int kSide = m + 2;
  static constexpr int kElements = kSide * kSide;

  WinogradWeights(const Conv2dBackwardWeights<float>& problem)
      : a(problem), s(problem.shape), grid(s.batch, s.height, s.width) {}

  const Conv2dBackwardWeights<float>& a;
  const Conv2dShape& s;
  TileGrid<m> grid;
  index_t block = 0;         // tiles held at a time
  float* zeros = nullptr;    // [max(c_in, c_out)]
  float* x = nullptr;        // [kElements], panels of [block, c_in]
  float* dy = nullptr;       // [kElements], [block, c_out]
  float* product = nullptr;  // [kElements, c_out, c_in]

  index_t x_plane() const { return block * s.c_in + kPlanePadding; }
  index_t dy_plane() const { return block * s.c_out + kPlanePadding; }

  void transform_tile(index_t tile, index_t at) const {
    const float* input[kSide][kSide];
    grid.pixels(tile, 1, a.x, s.c_in, zeros, input);
    transform_input<m>(input, s.c_in, [&](int element, index_t c, Vector<float> t) {
      store(x + element * x_plane() + c / kPanel * block * kPanel + at * kPanel + c % kPanel, t);
    });
    const float* gradient[m][m];
    grid.pixels(tile, 0, a.dy, s.c_out, zeros, gradient);
    transform_output_gradient<m>(gradient, s.c_out, [&](int element, index_t c, Vector<float> t) {
      store(dy + element * dy_plane() + at * s.c_out + c, t);
    });
  }

  void multiply(index_t element, index_t o, index_t rows, index_t tiles, float* packed_a, bool add) const {
    const index_t part_k = std::min(tiles, even_part(tiles, kBlockK, 8));
    float* const c = product + (element * s.c_out + o) * s.c_in;
    for (index_t l = 0; l < tiles; l += part_k) {
      const index_t depth = std::min(part_k, tiles - l);
      pack_a<float>(rows, depth, {dy + element * dy_plane() + l * s.c_out + o, 1, s.c_out}, packed_a);
      multiply_block<float>(
          rows, s.c_in,
          [&](index_t i) {
            return PackedRows<float>{packed_a + i * depth, depth};
          },
          x + element * x_plane() + l * kPanel, block * kPanel, [&](index_t i) { return c + i * s.c_in; },
          {.add = add || l > 0});
    }
  }

  void transform_weights(index_t o) const {
    for (index_t c = 0; c < s.c_in; c += kWidth<float>) {
      const float* const from = product + o * s.c_in + c;
      Vector<float> lines[3][kSide];
      for (int j = 0; j < kSide; ++j) {
        Vector<float> u[kSide], g[3];
        for (int i = 0; i < kSide; ++i) u[i] = load(from + (i * kSide + j) * s.c_out * s.c_in);
        transform_weight_gradient_line<m>(u, g);
        for (int i = 0; i < 3; ++i) lines[i][j] = g[i];
      }
      for (int i = 0; i < 3; ++i) {
        Vector<float> g[3];
        transform_weight_gradient_line<m>(lines[i], g);
        for (int j = 0; j < 3; ++j) store(a.dw + ((o * 3 + i) * 3 + j) * s.c_in + c, g[j]);
      }
    }
  }

  void run(CpuQueue& queue) {
    const index_t per_tile = kElements * (s.c_in + s.c_out);
    block = std::min(grid.tiles, even_part(grid.tiles, std::max<index_t>(96, kWorkspace / per_tile), 8));
    const index_t zero_count = round_up(std::max(s.c_in, s.c_out), 16);
    const index_t x_size = kElements * x_plane(), dy_size = kElements * dy_plane();
    zeros = queue.shared_scratch<float>(zero_count + x_size + dy_size + kElements * s.c_in * s.c_out);
    x = zeros + zero_count;
    dy = x + x_size;
    product = dy + dy_size;
    std::fill_n(zeros, zero_count, 0.0f);

    const index_t rows = even_part(s.c_out, kBlockRows, kTileRows), row_parts = ceil_div(s.c_out, rows);
    for (index_t first = 0; first < grid.tiles; first += block) {
      const index_t count = std::min(block, grid.tiles - first);
      queue.parallel_for(ceil_div(count, kTilesPerTask), [&](index_t task) {
        const index_t end = std::min(count, (task + 1) * kTilesPerTask);
        for (index_t i = task * kTilesPerTask; i < end; ++i) transform_tile(first + i, i);
      });
      queue.parallel_for(kElements * row_parts, [&](index_t task, int worker) {
        float* const packed_a = queue.worker_scratch<float>(worker, packed_a_size<float>(rows, kBlockK));
        const index_t o = task % row_parts * rows;
        multiply(task / row_parts, o, std::min(rows, s.c_out - o), count, packed_a, first > 0);
      });
    }
    queue.parallel_for(s.c_out, [&](index_t o) { transform_weights(o); });
  }
};

}  // namespace

bool winograd_3x3_weights(CpuQueue& queue, const Conv2dBackwardWeights<float>& a) {
  const Conv2dShape& s = a.shape;
  if (s.c_in % kPanel != 0 || s.c_out % kWidth<float> != 0) return false;
  const int m = best_winograd_tile(s.batch, s.height, s.width, a.accuracy);
  if (m == 0) return false;
  if (m == 4)
    WinogradWeights<4>(a).run(queue);
  else
    WinogradWeights<2>(a).run(queue);
  return true;
}

}  // namespace poster::kernels::POSTER_ISA
