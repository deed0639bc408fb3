// A decoded image: 8-bit RGB, rows from top to bottom, channels interleaved (H W C).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace poster::io {

struct Image {
  int width = 0, height = 0;
  std::vector<std::uint8_t> rgb;  // height * width * 3

  Image() = default;
  // A black image.
  Image(int image_width, int image_height)
      : width(image_width),
        height(image_height),
        rgb(static_cast<std::size_t>(image_width) * static_cast<std::size_t>(image_height) * 3) {}

  std::uint8_t* row(int y) { return rgb.data() + static_cast<std::size_t>(y) * width * 3; }
  const std::uint8_t* row(int y) const { return rgb.data() + static_cast<std::size_t>(y) * width * 3; }
  std::uint8_t* pixel(int x, int y) { return row(y) + std::ptrdiff_t{3} * x; }
  const std::uint8_t* pixel(int x, int y) const { return row(y) + std::ptrdiff_t{3} * x; }

  bool operator==(const Image&) const = default;
};

}  // namespace poster::io
