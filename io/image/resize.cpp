#include "io/image/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "engine/error.h"
#include "kernels/cpu/avx2_loop.h"

namespace poster::io {
namespace {

constexpr int kFractionBits = 22;

// For each output position: the first input position it sees, and the weights from there on (the same number
// for all, zeros at the end).
struct Taps {
  int width = 0;
  std::vector<int> first;
  std::vector<std::int32_t> weights;
};

Taps triangle_taps(int from, int to) {
  const double scale = static_cast<double>(from) / to;
  const double support = std::max(scale, 1.0);
  const double slope = 1.0 / support;
  Taps taps;
  const int limit = static_cast<int>(std::ceil(support)) * 2 + 1;
  std::vector<double> exact(static_cast<std::size_t>(limit) * to);
  taps.first.resize(to);
  for (int i = 0; i < to; ++i) {
    const double centre = (i + 0.5) * scale;
    const int begin = std::max(static_cast<int>(centre - support + 0.5), 0);
    const int end = std::min(static_cast<int>(centre + support + 0.5), from);
    double* weights = exact.data() + static_cast<std::size_t>(i) * limit;
    double sum = 0;
    for (int x = begin; x < end; ++x) {
      weights[x - begin] = std::max(0.0, 1.0 - std::abs((x - centre + 0.5) * slope));
      sum += weights[x - begin];
    }
    if (sum != 0)
      for (int x = begin; x < end; ++x) weights[x - begin] /= sum;
    taps.first[i] = begin;
    taps.width = std::max(taps.width, end - begin);
  }
  // Padding with zero weights must not reach beyond the input.
  taps.width = std::min(taps.width, from);
  taps.weights.assign(static_cast<std::size_t>(taps.width) * to, 0);
  for (int i = 0; i < to; ++i) {
    const int shift = std::max(0, taps.first[i] + taps.width - from);
    taps.first[i] -= shift;
    for (int k = shift; k < taps.width; ++k)
      taps.weights[static_cast<std::size_t>(i) * taps.width + k] = static_cast<std::int32_t>(
          0.5 + exact[static_cast<std::size_t>(i) * limit + k - shift] * (1 << kFractionBits));
  }
  return taps;
}

std::uint8_t rounded(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kFractionBits, 0, 255));
}

constexpr std::int32_t kHalf = 1 << (kFractionBits - 1);

void horizontal_row(const std::uint8_t* source, const Taps& taps, int width, std::uint8_t* target) {
  for (int x = 0; x < width; ++x) {
    const std::uint8_t* pixel = source + std::ptrdiff_t{3} * taps.first[x];
    const std::int32_t* weights = taps.weights.data() + static_cast<std::size_t>(x) * taps.width;
    std::int32_t red = kHalf, green = kHalf, blue = kHalf;
    for (int k = 0; k < taps.width; ++k, pixel += 3) {
      red += pixel[0] * weights[k];
      green += pixel[1] * weights[k];
      blue += pixel[2] * weights[k];
    }
    *target++ = rounded(red);
    *target++ = rounded(green);
    *target++ = rounded(blue);
  }
}

#if defined(__x86_64__)
// A pixel of each of two rows to a vector, its fourth lanes idle. Reads and writes a byte beyond the pixel,
// so neither row may be the last of its image.
POSTER_AVX2 void horizontal_rows_avx2(const std::uint8_t* upper, const std::uint8_t* lower, const Taps& taps,
                                      int width, std::uint8_t* upper_target, std::uint8_t* lower_target) {
  const auto load = [](const std::uint8_t* at) POSTER_AVX2 {
    int value;
    std::memcpy(&value, at, 4);
    return value;
  };
  for (std::ptrdiff_t x = 0; x < width; ++x) {
    const std::ptrdiff_t first = 3 * static_cast<std::ptrdiff_t>(taps.first[x]);
    const std::int32_t* weights = taps.weights.data() + static_cast<std::size_t>(x) * taps.width;
    __m256i sum = _mm256_set1_epi32(kHalf);
    for (std::ptrdiff_t k = 0; k < taps.width; ++k) {
      const __m128i pixels =
          _mm_insert_epi32(_mm_cvtsi32_si128(load(upper + first + 3 * k)), load(lower + first + 3 * k), 1);
      sum = _mm256_add_epi32(sum,
                             _mm256_mullo_epi32(_mm256_cvtepu8_epi32(pixels), _mm256_set1_epi32(weights[k])));
    }
    sum = _mm256_srai_epi32(sum, kFractionBits);
    const __m256i words = _mm256_packs_epi32(sum, sum);
    const __m256i packed = _mm256_packus_epi16(words, words);
    const int above = _mm_cvtsi128_si32(_mm256_castsi256_si128(packed));
    const int below = _mm_cvtsi128_si32(_mm256_extracti128_si256(packed, 1));
    const std::size_t bytes = x + 1 < width ? 4 : 3;
    std::memcpy(upper_target + 3 * x, &above, bytes);
    std::memcpy(lower_target + 3 * x, &below, bytes);
  }
}
#endif

void horizontal_pass(const Image& image, const Taps& taps, Image& result) {
  int y = 0;
#if defined(__x86_64__)
  if (kernels::use_avx2())
    for (; y + 2 < image.height; y += 2)
      horizontal_rows_avx2(image.row(y), image.row(y + 1), taps, result.width, result.row(y),
                           result.row(y + 1));
#endif
  for (; y < image.height; ++y) horizontal_row(image.row(y), taps, result.width, result.row(y));
}

POSTER_LOOP_BODY void vertical_body(const Image& image, const Taps& taps, Image& result) {
  constexpr int kBlock = 256;
  const int bytes = image.width * 3;
  for (int y = 0; y < result.height; ++y) {
    const std::int32_t* weights = taps.weights.data() + static_cast<std::size_t>(y) * taps.width;
    for (int begin = 0; begin < bytes; begin += kBlock) {
      const int count = std::min(kBlock, bytes - begin);
      std::int32_t sums[kBlock];
      std::fill_n(sums, count, kHalf);
      for (int k = 0; k < taps.width; ++k) {
        const std::uint8_t* source = image.row(taps.first[y] + k) + begin;
        const std::int32_t weight = weights[k];
        if (weight == 0) continue;
        for (int i = 0; i < count; ++i) sums[i] += source[i] * weight;
      }
      std::uint8_t* target = result.row(y) + begin;
      for (int i = 0; i < count; ++i)
        target[i] = static_cast<std::uint8_t>(std::clamp(sums[i] >> kFractionBits, 0, 255));
    }
  }
}

POSTER_AVX2 void vertical_avx2(const Image& image, const Taps& taps, Image& result) {
  vertical_body(image, taps, result);
}

void vertical_baseline(const Image& image, const Taps& taps, Image& result) {
  vertical_body(image, taps, result);
}

}  // namespace

Image resize(const Image& image, int width, int height) {
  if (image.width < 1 || image.height < 1 || width < 1 || height < 1)
    throw Error("cannot resize " + std::to_string(image.width) + "x" + std::to_string(image.height) + " to " +
                std::to_string(width) + "x" + std::to_string(height) + "; every side must be at least 1");
  Image columns;
  if (width != image.width) {
    columns = Image(width, image.height);
    horizontal_pass(image, triangle_taps(image.width, width), columns);
  }
  const Image& wide = width != image.width ? columns : image;
  if (height == image.height) {
    if (width != image.width) return columns;
    return image;
  }
  Image result(width, height);
  const Taps taps = triangle_taps(image.height, height);
  kernels::use_avx2() ? vertical_avx2(wide, taps, result) : vertical_baseline(wide, taps, result);
  return result;
}

Size short_side_size(int width, int height, int side) {
  if (width < 1 || height < 1) throw Error("cannot resize an empty image; give it at least one pixel");
  const bool tall = height >= width;
  const double ratio = tall ? static_cast<double>(height) / width : static_cast<double>(width) / height;
  // A sliver a pixel wide would otherwise ask for any amount of memory; its ends are cropped away anyway.
  const int longer = static_cast<int>(std::min(side * ratio, 65536.0));
  return tall ? Size{side, longer} : Size{longer, side};
}

Image resize_short_side(const Image& image, int side) {
  const Size size = short_side_size(image.width, image.height, side);
  return resize(image, size.width, size.height);
}

}  // namespace poster::io
