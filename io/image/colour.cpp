#include "io/image/colour.h"

#include <algorithm>
#include <array>
#include <vector>

#include "kernels/cpu/avx2_loop.h"

namespace poster::io {
namespace {

using Table = std::array<std::uint8_t, 256>;

// Float arithmetic and truncation as in Pillow's blend: exact results depend on both.
POSTER_LOOP_BODY int blended(int grey, int value, float factor) {
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

POSTER_LOOP_BODY std::int64_t luma_sum_body(const std::uint8_t* rgb, std::size_t pixels) {
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
POSTER_AVX2 std::int64_t luma_sum_avx2(const std::uint8_t* rgb, std::size_t pixels) {
  return luma_sum_body(rgb, pixels);
}
std::int64_t luma_sum_baseline(const std::uint8_t* rgb, std::size_t pixels) {
  return luma_sum_body(rgb, pixels);
}

POSTER_LOOP_BODY void saturation_body(std::uint8_t* rgb, std::size_t pixels, float factor) {
  for (std::size_t i = 0; i < pixels; ++i) {
    std::uint8_t* pixel = rgb + 3 * i;
    const int red = pixel[0], green = pixel[1], blue = pixel[2], grey = luma(red, green, blue);
    pixel[0] = static_cast<std::uint8_t>(blended(grey, red, factor));
    pixel[1] = static_cast<std::uint8_t>(blended(grey, green, factor));
    pixel[2] = static_cast<std::uint8_t>(blended(grey, blue, factor));
  }
}
POSTER_AVX2 void saturation_avx2(std::uint8_t* rgb, std::size_t pixels, float factor) {
  saturation_body(rgb, pixels, factor);
}
void saturation_baseline(std::uint8_t* rgb, std::size_t pixels, float factor) {
  saturation_body(rgb, pixels, factor);
}

// The conversion to HSV and back, in tables: a division or two for every pixel costs ten times as much.
class HueTables {
 public:
  static constexpr int kLevels = 256, kOrders = 6;

  HueTables()
      : hue_(static_cast<std::size_t>(kOrders) * kLevels * kLevels),
        saturation_(static_cast<std::size_t>(kLevels) * kLevels) {
    for (int spread = 1; spread < kLevels; ++spread) {
      for (int order = 0; order < kOrders; ++order)
        for (int middle = 0; middle <= spread; ++middle)
          hue_[index(order, spread, middle)] = static_cast<std::uint8_t>(hue_of(order, spread, middle));
      for (int largest = spread; largest < kLevels; ++largest)
        saturation_[spread * kLevels + largest] =
            static_cast<std::uint8_t>(static_cast<float>(spread) / static_cast<float>(largest) * 255.0);
    }
    for (int hue = 0; hue < kLevels; ++hue) {
      const double sector = hue * 6.0 / 255.0;
      sector_[hue] = static_cast<std::uint8_t>(static_cast<int>(sector) % 6);
      part_[hue] = static_cast<float>(sector - static_cast<int>(sector));
      strength_[hue] = static_cast<float>(hue / 255.0);
    }
  }

  void turn(std::uint8_t* pixel, std::uint8_t by) const {
    const int red = pixel[0], green = pixel[1], blue = pixel[2];
    const int largest = std::max({red, green, blue}), smallest = std::min({red, green, blue});
    const int spread = largest - smallest, middle = red + green + blue - largest - smallest;
    const int order = kOrderOf[(red >= green) | (green >= blue) << 1 | (red >= blue) << 2];
    const auto hue = static_cast<std::uint8_t>(hue_[index(order, spread, largest - middle)] + by);
    const float strength = strength_[saturation_[spread * kLevels + largest]];
    const float part = part_[hue];
    const int sector = sector_[hue];
    // The third value falls in odd sectors and rises in even ones.
    const double third = sector & 1 ? static_cast<double>(strength * part) : strength * (1.0 - part);
    const auto& place = kPlaces[sector];
    pixel[place[0]] = static_cast<std::uint8_t>(largest);
    pixel[place[1]] = static_cast<std::uint8_t>(static_cast<int>(largest * (1.0 - third) + 0.5));
    pixel[place[2]] = static_cast<std::uint8_t>(static_cast<int>(largest * (1.0 - strength) + 0.5));
  }

 private:
  // Orders: largest, middle and smallest channel are 0 RGB, 1 RBG, 2 GBR, 3 GRB, 4 BRG, 5 BGR.
  static constexpr std::array<std::uint8_t, 8> kOrderOf = {5, 4, 2, 0, 0, 1, 3, 0};
  // Where largest, third and smallest value go in each sector of 60 degrees.
  static constexpr std::array<std::array<std::uint8_t, 3>, 6> kPlaces = {
      {{0, 1, 2}, {1, 0, 2}, {1, 2, 0}, {2, 1, 0}, {2, 0, 1}, {0, 2, 1}}};

  static std::size_t index(int order, int spread, int middle) {
    const int place = (order * kLevels + spread) * kLevels + middle;
    return static_cast<std::size_t>(place);
  }

  // colorsys.rgb_to_hsv in 8 bits, with Pillow's mixture of float and double. `middle` is how far the middle
  // channel lies below the largest; the smallest lies the whole spread below.
  static int hue_of(int order, int spread, int middle) {
    const float m = static_cast<float>(middle) / static_cast<float>(spread);
    float sector = 0;
    switch (order) {
      case 0:
        sector = 1.0f - m;
        break;  // blue's distance - green's
      case 1:
        sector = m - 1.0f;
        break;
      case 2:
        sector = static_cast<float>(2.0 + 1.0 - m);
        break;  // 2 + red's - blue's
      case 3:
        sector = static_cast<float>(2.0 + m - 1.0);
        break;
      case 4:
        sector = static_cast<float>(4.0 + 1.0 - m);
        break;  // 4 + green's - red's
      case 5:
        sector = static_cast<float>(4.0 + m - 1.0);
        break;
    }
    const double turn = sector / 6.0 + 1.0;  // 5/6 .. 11/6
    const auto hue = static_cast<float>(turn >= 1.0 ? turn - 1.0 : turn);
    return std::clamp(static_cast<int>(hue * 255.0), 0, 255);
  }

  std::vector<std::uint8_t> hue_, saturation_;
  std::array<std::uint8_t, kLevels> sector_{};
  std::array<float, kLevels> part_{}, strength_{};
};

}  // namespace

int mean_luma(const Image& image) {
  const std::size_t pixels = image.rgb.size() / 3;
  if (pixels == 0) return 0;
  const std::int64_t sum = kernels::use_avx2() ? luma_sum_avx2(image.rgb.data(), pixels)
                                               : luma_sum_baseline(image.rgb.data(), pixels);
  return static_cast<int>(static_cast<double>(sum) / static_cast<double>(pixels) + 0.5);
}

void adjust_brightness(Image& image, float factor) { apply_table(image, blend_table(0, factor)); }

void adjust_contrast(Image& image, float factor) { adjust_contrast(image, factor, mean_luma(image)); }

void adjust_contrast(Image& image, float factor, int grey) { apply_table(image, blend_table(grey, factor)); }

void adjust_saturation(Image& image, float factor) {
  const std::size_t pixels = image.rgb.size() / 3;
  kernels::use_avx2() ? saturation_avx2(image.rgb.data(), pixels, factor)
                      : saturation_baseline(image.rgb.data(), pixels, factor);
}

void adjust_hue(Image& image, double shift) {
  const std::uint8_t turn = hue_turn(shift);
  static const HueTables tables;
  for (std::size_t i = 0; i < image.rgb.size(); i += 3) tables.turn(image.rgb.data() + i, turn);
}

}  // namespace poster::io
