// One encoder for each format, of rows of RGB without gaps. They throw poster::Error, prefixed by `name`, where
// the format can't hold an image of this size, and std::bad_alloc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace poster::io {

struct RgbRows {
  const std::uint8_t* pixels;
  int width, height;

  const std::uint8_t* row(int y) const { return pixels + 3 * static_cast<std::size_t>(width) * y; }
};

// Baseline, quality 95, colour at half the resolution, as OpenCV writes by default.
std::vector<std::uint8_t> encode_jpeg(const RgbRows& rows, const std::string& name);
// Compressed quickly rather than well, as OpenCV does by default: drawn images have long runs.
std::vector<std::uint8_t> encode_png(const RgbRows& rows, const std::string& name);

}  // namespace poster::io
