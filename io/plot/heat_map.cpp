#include "io/plot/heat_map.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "engine/error.h"
#include "io/plot/image_canvas.h"

namespace poster::io {
namespace {

// A share of red between clear blue, cyan, yellow and red, as maps of heat have it.
std::array<double, 3> heat_colour(double heat) {
  return {std::clamp(2 * heat - 0.5, 0.0, 1.0), std::clamp(1.5 - std::abs(2 * heat - 1) * 1.5, 0.0, 1.0),
          std::clamp(1 - 2 * heat, 0.0, 1.0)};
}

std::string percent_label(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%", 100 * share);
  return text;
}

}  // namespace

Image heat_map(const Image& image, std::span<const float> weights) {
  const auto side = static_cast<int>(std::lround(std::sqrt(static_cast<double>(weights.size()))));
  if (image.width < 1 || image.height < 1 || side < 1 ||
      static_cast<std::size_t>(side) * side != weights.size())
    throw Error("a heat map needs an image and a square grid of weights; give both");
  const double largest =
      std::max(1e-30, static_cast<double>(*std::max_element(weights.begin(), weights.end())));
  const auto at = [&](int row, int column) {
    return weights[static_cast<std::size_t>(std::clamp(row, 0, side - 1)) * side +
                   std::clamp(column, 0, side - 1)] /
           largest;
  };
  Image result = image;
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) {
      const double v = (y + 0.5) * side / image.height - 0.5, u = (x + 0.5) * side / image.width - 0.5;
      const int row = static_cast<int>(std::floor(v)), column = static_cast<int>(std::floor(u));
      const double dv = v - row, du = u - column;
      const double heat = (1 - dv) * ((1 - du) * at(row, column) + du * at(row, column + 1)) +
                          dv * ((1 - du) * at(row + 1, column) + du * at(row + 1, column + 1));
      const auto colour = heat_colour(heat);
      const double opacity = 0.25 + 0.4 * heat;
      std::uint8_t* const rgb = result.pixel(x, y);
      for (int c = 0; c < 3; ++c)
        rgb[c] = static_cast<std::uint8_t>(
            std::lround(std::clamp((1 - opacity) * rgb[c] + opacity * 255 * colour[c], 0.0, 255.0)));
    }
  return result;
}

Image heat_figure(const Image& image, std::span<const float> weights) {
  const Image map = heat_map(image, weights);
  const double letters = std::clamp(image.height / 18.0, 9.0, 40.0);
  const int gap = std::max(4, static_cast<int>(letters / 2)), bar = std::max(8, static_cast<int>(letters));
  const int bar_left = 2 * image.width + 2 * gap;
  Image figure(bar_left + bar + gap + static_cast<int>(4.5 * letters), image.height);
  std::ranges::fill(figure.rgb, std::uint8_t{255});
  for (int y = 0; y < image.height; ++y) {
    const auto bytes = static_cast<std::size_t>(3) * image.width;
    std::memcpy(figure.row(y), image.row(y), bytes);
    std::memcpy(figure.pixel(image.width + gap, y), map.row(y), bytes);
    const auto colour = heat_colour(1 - (y + 0.5) / image.height);
    for (int x = 0; x < bar; ++x)
      for (std::size_t c = 0; c < 3; ++c)
        figure.pixel(bar_left + x, y)[c] = static_cast<std::uint8_t>(std::lround(255 * colour[c]));
  }
  const double largest = *std::ranges::max_element(weights);
  return draw_into(figure, [&](Canvas& canvas) {
    const double x = bar_left + bar + gap / 2.0, half = letters / 2;
    const TextStyle style{.size = letters};
    canvas.text({x, half}, percent_label(largest), style);
    canvas.text({x, image.height / 2.0}, percent_label(largest / 2), style);
    canvas.text({x, image.height - half}, percent_label(0), style);
  });
}

}  // namespace poster::io
