// The transforms of Winograd's minimal filtering F(m x m, 3 x 3), m = 2 and 4 (Lavin & Gray, CVPR 2016,
// sections 4.1 and 4.3): input Bᵀ d B, weights G g Gᵀ, output Aᵀ M A. Each function is one dimension, on
// vectors of channels. To be included by *cpu.cpp files only.
#pragma once

#include "kernels/cpu/gemm_tile.h"

namespace poster::kernels::POSTER_ISA {

template <int m>
inline void transform_input_line(const Vector<float> (&d)[m + 2], Vector<float> (&v)[m + 2]) {
  if constexpr (m == 2) {
    v[0] = d[0] - d[2];
    v[1] = d[1] + d[2];
    v[2] = d[2] - d[1];
    v[3] = d[1] - d[3];
  } else {
    const Vector<float> even = d[4] - 4 * d[2], odd = d[3] - 4 * d[1];
    const Vector<float> near = d[4] - d[2], far = 2 * (d[3] - d[1]);
    v[0] = 4 * d[0] - 5 * d[2] + d[4];
    v[1] = even + odd;
    v[2] = even - odd;
    v[3] = near + far;
    v[4] = near - far;
    v[5] = 4 * d[1] - 5 * d[3] + d[5];
  }
}

template <int m>
inline void transform_weight_line(const Vector<float> (&g)[3], Vector<float> (&u)[m + 2]) {
  if constexpr (m == 2) {
    const Vector<float> outer = 0.5f * (g[0] + g[2]), inner = 0.5f * g[1];
    u[0] = g[0];
    u[1] = outer + inner;
    u[2] = outer - inner;
    u[3] = g[2];
  } else {
    const Vector<float> outer = (-1.0f / 6) * (g[0] + g[2]), inner = (1.0f / 6) * g[1];
    const Vector<float> outer2 = (1.0f / 24) * g[0] + (1.0f / 6) * g[2], inner2 = (1.0f / 12) * g[1];
    u[0] = 0.25f * g[0];
    u[1] = outer - inner;
    u[2] = outer + inner;
    u[3] = outer2 + inner2;
    u[4] = outer2 - inner2;
    u[5] = g[2];
  }
}

template <int m>
inline void transform_output_line(const Vector<float> (&s)[m + 2], Vector<float> (&y)[m]) {
  if constexpr (m == 2) {
    y[0] = s[0] + s[1] + s[2];
    y[1] = s[1] - s[2] - s[3];
  } else {
    const Vector<float> sum = s[1] + s[2], difference = s[1] - s[2];
    const Vector<float> sum2 = s[3] + s[4], difference2 = s[3] - s[4];
    y[0] = s[0] + sum + sum2;
    y[1] = difference + 2 * difference2;
    y[2] = sum + 4 * sum2;
    y[3] = difference + 8 * difference2 + s[5];
  }
}

// A: from m gradients of outputs to m + 2 gradients of sums.
template <int m>
inline void transform_output_gradient_line(const Vector<float> (&y)[m], Vector<float> (&s)[m + 2]) {
  if constexpr (m == 2) {
    s[0] = y[0];
    s[1] = y[0] + y[1];
    s[2] = y[0] - y[1];
    s[3] = -y[1];
  } else {
    const Vector<float> even = y[0] + y[2], odd = y[1] + y[3];
    const Vector<float> even2 = y[0] + 4 * y[2], odd2 = 2 * y[1] + 8 * y[3];
    s[0] = y[0];
    s[1] = even + odd;
    s[2] = even - odd;
    s[3] = even2 + odd2;
    s[4] = even2 - odd2;
    s[5] = y[3];
  }
}

// Gᵀ: from m + 2 gradients of transformed weights to 3 of weights.
template <int m>
inline void transform_weight_gradient_line(const Vector<float> (&u)[m + 2], Vector<float> (&g)[3]) {
  const Vector<float> sum = u[1] + u[2], difference = u[1] - u[2];
  if constexpr (m == 2) {
    g[0] = u[0] + 0.5f * sum;
    g[1] = 0.5f * difference;
    g[2] = 0.5f * sum + u[3];
  } else {
    const Vector<float> sum2 = u[3] + u[4], difference2 = u[3] - u[4];
    g[0] = 0.25f * u[0] - (1.0f / 6) * sum + (1.0f / 24) * sum2;
    g[1] = (1.0f / 12) * difference2 - (1.0f / 6) * difference;
    g[2] = (1.0f / 6) * (sum2 - sum) + u[5];
  }
}

// How a map of stride 1 is cut into tiles of m x m pixels, row by row, image after image.
template <int m>
struct TileGrid {
  index_t height, width, rows, columns, tiles;

  TileGrid(index_t batch, index_t map_height, index_t map_width)
      : height(map_height),
        width(map_width),
        rows(ceil_div(map_height, m)),
        columns(ceil_div(map_width, m)),
        tiles(batch * rows * columns) {}

  index_t image(index_t tile) const { return tile / (rows * columns); }
  index_t top(index_t tile) const { return tile / columns % rows * m; }
  index_t left(index_t tile) const { return tile % columns * m; }

  // Pixels of the square of side kSide that starts `before` pixels above and to the left of the tile; those
  // outside the map are `zeros`.
  template <int kSide>
  void pixels(index_t tile, index_t before, const float* map, index_t channels, const float* zeros,
              const float* (&pixel)[kSide][kSide]) const {
    const float* const from = map + image(tile) * height * width * channels;
    for (int i = 0; i < kSide; ++i)
      for (int j = 0; j < kSide; ++j) {
        const index_t y = top(tile) - before + i, x = left(tile) - before + j;
        const bool inside = y >= 0 && y < height && x >= 0 && x < width;
        pixel[i][j] = inside ? from + (y * width + x) * channels : zeros;
      }
  }
};

// Both dimensions of a tile, given by pointers to its pixels: `line` is one of the functions above, kIn to
// kOut. Calls out(element, c, vector) for every element and every vector of channels.
template <int kIn, int kOut, typename Line, typename Out>
inline void transform_pixels(const float* const (&pixel)[kIn][kIn], index_t channels, const Line& line,
                             const Out& out) {
  for (index_t c = 0; c < channels; c += kWidth<float>) {
    Vector<float> lines[kOut][kIn];
#pragma GCC unroll 6
    for (int j = 0; j < kIn; ++j) {
      Vector<float> d[kIn], t[kOut];
#pragma GCC unroll 6
      for (int i = 0; i < kIn; ++i) d[i] = load(pixel[i][j] + c);
      line(d, t);
#pragma GCC unroll 6
      for (int i = 0; i < kOut; ++i) lines[i][j] = t[i];
    }
#pragma GCC unroll 6
    for (int i = 0; i < kOut; ++i) {
      Vector<float> t[kOut];
      line(lines[i], t);
#pragma GCC unroll 6
      for (int j = 0; j < kOut; ++j) out(i * kOut + j, c, t[j]);
    }
  }
}

template <int m, typename Out>
inline void transform_input(const float* const (&pixel)[m + 2][m + 2], index_t channels, const Out& out) {
  transform_pixels<m + 2, m + 2>(
      pixel, channels, [](const auto& d, auto& t) { transform_input_line<m>(d, t); }, out);
}

template <int m, typename Out>
inline void transform_output_gradient(const float* const (&pixel)[m][m], index_t channels, const Out& out) {
  transform_pixels<m, m + 2>(
      pixel, channels, [](const auto& d, auto& t) { transform_output_gradient_line<m>(d, t); }, out);
}

}  // namespace poster::kernels::POSTER_ISA
