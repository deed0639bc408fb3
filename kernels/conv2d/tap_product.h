// Convolution as a matrix product whose rows of A are pixels found through pointers: no copy of the map is
// made (Dukhan, "The Indirect Convolution Algorithm", 2019). Serves the forward pass and, one output phase at
// a time, the backward pass to the data. To be included by *cpu.cpp files only.
#pragma once

#include "kernels/cpu/gemm_pack.h"

namespace poster::kernels::POSTER_ISA {

// Kernel positions: output pixel (i, j) meets source pixel (i step + row + a direction, j step + column + b
// direction) for a in [0, rows), b in [0, columns); outside the map is zero. direction is 1 or -1.
struct Taps {
  index_t row, column, rows, columns, direction;
  index_t count() const { return rows * columns; }
};

// out[n, i, j, o] = bias[o] + sum over taps t and channels c of b[t, c, o] source[n, pixel of (i, j, t), c]
template <typename T>
struct TapProduct {
  T* out;
  index_t out_image, out_row, out_pixel;  // strides of out in elements; the grid may be a part of a map
  index_t batch, rows, columns;           // the grid
  index_t channels_out;
  const T* source;  // [batch, height, width, channels]
  index_t height, width, channels;
  index_t step;
  Taps taps;
  const T* packed_b;  // packed_b_size(taps channels, channels_out), rows in the order of taps, then channels
  const T* zeros;     // `channels` zeros
  const T* bias;      // may be null
};

inline constexpr index_t kTapTaskPixels = kBlockRows;
inline constexpr index_t kTapGroup = 16;  // taps whose pointers are held at a time

// Pixels of the grid are worked on in blocks of kTapTaskPixels, output channels in blocks of columns.
struct TapPartition {
  index_t pixels, pixel_parts, columns, column_parts;
  index_t tasks() const { return pixel_parts * column_parts; }
};

template <typename T>
TapPartition tap_partition(const TapProduct<T>& a) {
  TapPartition p{};
  const index_t pixels = a.batch * a.rows * a.columns;
  p.pixels = even_part(pixels, kTapTaskPixels, kTileRows);
  p.pixel_parts = ceil_div(pixels, p.pixels);
  index_t largest = 768;
  while (largest > 4 * kTileColumns<T> && p.pixel_parts * ceil_div(a.channels_out, largest) < 16)
    largest /= 2;
  p.columns = even_part(a.channels_out, largest, kTileColumns<T>);
  p.column_parts = ceil_div(a.channels_out, p.columns);
  return p;
}

template <typename T>
void run_tap_task(const TapProduct<T>& a, const TapPartition& p, index_t task) {
  const index_t first = task / p.column_parts * p.pixels;
  const index_t j = task % p.column_parts * p.columns;
  const index_t pixels = std::min(p.pixels, a.batch * a.rows * a.columns - first);
  const index_t columns = std::min(p.columns, a.channels_out - j);

  struct Pixel {
    const T* image;
    index_t y, x;
  } pixel[kTapTaskPixels];
  T* out[kTapTaskPixels];
  for (index_t i = 0; i < pixels; ++i) {
    const index_t n = (first + i) / (a.rows * a.columns);
    const index_t row = (first + i) / a.columns % a.rows, column = (first + i) % a.columns;
    out[i] = a.out + n * a.out_image + row * a.out_row + column * a.out_pixel + j;
    pixel[i] = {a.source + n * a.height * a.width * a.channels, row * a.step + a.taps.row,
                column * a.step + a.taps.column};
  }

  const index_t count = a.taps.count(), depth = count * a.channels;
  const T* const b = a.packed_b + j * depth;
  const index_t part_k = std::min(a.channels, even_part(a.channels, kBlockK, 8));
  const index_t largest_group = std::clamp<index_t>(kBlockK / a.channels, 1, kTapGroup);
  const index_t part_taps = part_k < a.channels ? 1 : even_part(count, largest_group, 1);
  Epilogue<T> end{.bias = a.bias ? a.bias + j : nullptr};
  for (index_t t = 0; t < count; t += part_taps) {
    const index_t taps = std::min(part_taps, count - t);
    const T* source[kTapGroup * kTapTaskPixels];  // [taps, p.pixels]
    for (index_t g = 0; g < taps; ++g) {
      const index_t down = (t + g) / a.taps.columns * a.taps.direction;
      const index_t right = (t + g) % a.taps.columns * a.taps.direction;
      for (index_t i = 0; i < pixels; ++i) {
        const index_t y = pixel[i].y + down, x = pixel[i].x + right;
        const bool inside = y >= 0 && y < a.height && x >= 0 && x < a.width;
        source[g * p.pixels + i] = inside ? pixel[i].image + (y * a.width + x) * a.channels : a.zeros;
      }
    }
    for (index_t l = 0; l < a.channels; l += part_k) {
      multiply_block<T>(
          pixels, columns,
          [&](index_t i) {
            return IndirectRows<T>{source + i, p.pixels, taps, l, std::min(part_k, a.channels - l)};
          },
          b + (t * a.channels + l) * kTileColumns<T>, depth * kTileColumns<T>,
          [&](index_t i) { return out[i]; }, end);
      end = {.add = true};
    }
  }
}

}  // namespace poster::kernels::POSTER_ISA
