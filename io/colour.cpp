#include "io/colour.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "io/isa.h"

namespace poster::io {
namespace {

using Table = std::array<std::uint8_t, 256>;

// Float arithmetic and truncation as in Pillow's blend: exact results depend on both.
POSTER_IO_INLINE int blended(int grey, int value, float factor) {
  const float result = static_cast<float>(grey) + factor * static_cast<float>(value - grey);
  return static_cast<int>(std::clamp(result, 0.0f, 255.0f));
}

void apply_table(Image& image, const Table& table) {
  for (std::uint8_t& value : image.rgb) value = table[value];
}

Table blend_table(int grey, float factor) {
  Table table;
  for (int value = 0; value < 256; ++value)
    table[value] = static_cast<std::uint8_t>(blended(grey, value, factor));
  return table;
}

POSTER_IO_INLINE std::int64_t luma_sum_body(const std::uint8_t* rgb, std::size_t pixels) {
  // Blocks keep the inner sum in 32 bits.
  constexpr std::size_t kBlock = 1 << 16;
  std::int64_t total = 0;
  for (std::size_t begin = 0; begin < pixels; begin += kBlock) {
    const std::size_t end = std::min(begin + kBlock, pixels);
    std::int32_t sum = 0;
    for (std::size_t i = begin; i < end; ++i) sum += luma(rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]);
    total += sum;
  }
  return total;
}
POSTER_IO_AVX2 std::int64_t luma_sum_avx2(const std::uint8_t* rgb, std::size_t pixels) {
  return luma_sum_body(rgb, pixels);
}
std::int64_t luma_sum_baseline(const std::uint8_t* rgb, std::size_t pixels) {
  return luma_sum_body(rgb, pixels);
}

POSTER_IO_INLINE void saturation_body(std::uint8_t* rgb, std::size_t pixels, float factor) {
  for (std::size_t i = 0; i < pixels; ++i) {
    std::uint8_t* pixel = rgb + 3 * i;
    const int red = pixel[0], green = pixel[1], blue = pixel[2], grey = luma(red, green, blue);
    pixel[0] = static_cast<std::uint8_t>(blended(grey, red, factor));
    pixel[1] = static_cast<std::uint8_t>(blended(grey, green, factor));
    pixel[2] = static_cast<std::uint8_t>(blended(grey, blue, factor));
  }
}
POSTER_IO_AVX2 void saturation_avx2(std::uint8_t* rgb, std::size_t pixels, float factor) {
  saturation_body(rgb, pixels, factor);
}
void saturation_baseline(std::uint8_t* rgb, std::size_t pixels, float factor) {
  saturation_body(rgb, pixels, factor);
}

// The hue of a pixel in 0..255 (colorsys.rgb_to_hsv in 8 bits); `spread` = largest - smallest > 0.
int hue_of(int red, int green, int blue, int largest, int spread) {
  const auto step = static_cast<float>(spread);
  const float to_red = static_cast<float>(largest - red) / step;
  const float to_green = static_cast<float>(largest - green) / step;
  const float to_blue = static_cast<float>(largest - blue) / step;
  float sector;
  if (red == largest)
    sector = to_blue - to_green;
  else if (green == largest)
    sector = static_cast<float>(2.0 + to_red - to_blue);
  else
    sector = static_cast<float>(4.0 + to_green - to_red);
  const double turn = sector / 6.0 + 1.0;  // 5/6 .. 11/6
  const auto hue = static_cast<float>(turn >= 1.0 ? turn - 1.0 : turn);
  return std::clamp(static_cast<int>(hue * 255.0), 0, 255);
}

int nearest(double value) { return std::clamp(static_cast<int>(value + 0.5), 0, 255); }

}  // namespace

int mean_luma(const Image& image) {
  const std::size_t pixels = image.rgb.size() / 3;
  if (pixels == 0) return 0;
  const std::int64_t sum =
      has_avx2() ? luma_sum_avx2(image.rgb.data(), pixels) : luma_sum_baseline(image.rgb.data(), pixels);
  return static_cast<int>(static_cast<double>(sum) / static_cast<double>(pixels) + 0.5);
}

void adjust_brightness(Image& image, float factor) { apply_table(image, blend_table(0, factor)); }

void adjust_contrast(Image& image, float factor) { adjust_contrast(image, factor, mean_luma(image)); }

void adjust_contrast(Image& image, float factor, int grey) { apply_table(image, blend_table(grey, factor)); }

void adjust_saturation(Image& image, float factor) {
  const std::size_t pixels = image.rgb.size() / 3;
  has_avx2() ? saturation_avx2(image.rgb.data(), pixels, factor)
             : saturation_baseline(image.rgb.data(), pixels, factor);
}

void adjust_hue(Image& image, double shift) {
  // The shift is cut off to a byte, and the sum wraps.
  const auto turn = static_cast<std::uint8_t>(static_cast<int>(shift * 255.0));
  for (std::size_t i = 0; i < image.rgb.size(); i += 3) {
    std::uint8_t* pixel = image.rgb.data() + i;
    const int red = pixel[0], green = pixel[1], blue = pixel[2];
    const int largest = std::max({red, green, blue}), spread = largest - std::min({red, green, blue});
    if (spread == 0) continue;
    const int saturation = static_cast<int>(static_cast<float>(spread) / static_cast<float>(largest) * 255.0);
    if (saturation == 0) {
      pixel[0] = pixel[1] = pixel[2] = static_cast<std::uint8_t>(largest);
      continue;
    }
    const auto hue = static_cast<std::uint8_t>(hue_of(red, green, blue, largest, spread) + turn);
    const double sector = hue * 6.0 / 255.0;
    const int whole = static_cast<int>(sector);
    const auto part = static_cast<float>(sector - whole);
    const auto strength = static_cast<float>(saturation / 255.0);
    const int low = nearest(largest * (1.0 - strength));
    const int falling = nearest(largest * (1.0 - static_cast<double>(strength * part)));
    const int rising = nearest(largest * (1.0 - strength * (1.0 - part)));
    const std::array<std::array<int, 3>, 6> sectors = {{{largest, rising, low},
                                                        {falling, largest, low},
                                                        {low, largest, rising},
                                                        {low, falling, largest},
                                                        {rising, low, largest},
                                                        {largest, low, falling}}};
    const auto& colour = sectors[whole % 6];
    for (int c = 0; c < 3; ++c) pixel[c] = static_cast<std::uint8_t>(colour[c]);
  }
}

}  // namespace poster::io
