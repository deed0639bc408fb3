// Images for data sets that tests make: each number is another smooth pattern, no two of them
// near-duplicates.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/random.h"
#include "io/codec/image_reader.h"
#include "io/image/image.h"
#include "io/image/resize.h"

namespace poster::test {

inline io::Image made_image(std::uint64_t number, int width = 40, int height = 40) {
  RandomStream random(number, RandomPurpose::test);
  io::Image coarse(5, 5);
  for (std::uint8_t& value : coarse.rgb) value = static_cast<std::uint8_t>(random.below(256));
  return io::resize(coarse, width, height);
}

inline std::vector<std::uint8_t> made_jpeg(std::uint64_t number, int width = 40, int height = 40) {
  return io::encode_image(made_image(number, width, height), "made.jpg");
}

inline std::vector<std::uint8_t> made_png(std::uint64_t number, int width = 40, int height = 40) {
  return io::encode_image(made_image(number, width, height), "made.png");
}

// Upper left red, upper right green, lower left blue, lower right white: tells every turn and mirroring.
inline io::Image four_corners(int width, int height) {
  io::Image image(width, height);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const bool right = 2 * x >= width, lower = 2 * y >= height;
      std::uint8_t* pixel = image.row(y) + 3 * x;
      pixel[0] = right == lower ? 255 : 0;
      pixel[1] = right ? 255 : 0;
      pixel[2] = lower ? 255 : 0;
    }
  return image;
}

// "RGBW" for four_corners(): the colours a quarter of the way in from each corner, in reading order.
inline std::string corners_of(const io::Image& image) {
  std::string text;
  for (const int y : {image.height / 4, image.height * 3 / 4})
    for (const int x : {image.width / 4, image.width * 3 / 4}) {
      const std::uint8_t* pixel = image.row(y) + 3 * x;
      const int code = (pixel[0] > 127) * 4 + (pixel[1] > 127) * 2 + (pixel[2] > 127);
      text += code == 4 ? 'R' : code == 2 ? 'G' : code == 1 ? 'B' : code == 7 ? 'W' : '?';
    }
  return text;
}

// What a camera stores of an upright image when it says this EXIF orientation: the image that the
// orientation brings upright (EXIF 2.32, 4.6.4: where the stored row 0 and column 0 are on the upright
// image).
inline io::Image stored_for(const io::Image& upright, int orientation) {
  const bool transposed = orientation >= 5;
  io::Image stored(transposed ? upright.height : upright.width, transposed ? upright.width : upright.height);
  for (int y = 0; y < upright.height; ++y)
    for (int x = 0; x < upright.width; ++x) {
      const int right = upright.width - 1 - x, bottom = upright.height - 1 - y;
      int row = 0, column = 0;
      switch (orientation) {
        case 1:
          row = y, column = x;
          break;  // top left
        case 2:
          row = y, column = right;
          break;  // top right
        case 3:
          row = bottom, column = right;
          break;  // bottom right
        case 4:
          row = bottom, column = x;
          break;  // bottom left
        case 5:
          row = x, column = y;
          break;  // left top
        case 6:
          row = right, column = y;
          break;  // right top
        case 7:
          row = right, column = bottom;
          break;  // right bottom
        default:
          row = x, column = bottom;
          break;  // left bottom
      }
      for (int c = 0; c < 3; ++c) stored.row(row)[3 * column + c] = upright.row(y)[3 * x + c];
    }
  return stored;
}

// The JPEG file with an EXIF block that says so.
inline std::vector<std::uint8_t> with_orientation(std::vector<std::uint8_t> jpeg, int orientation) {
  const std::vector<std::uint8_t> exif = {
      0xFF, 0xE1, 0, 34, 'E', 'x',  'i',  'f', 0, 0, 'M', 'M', 0, 42, 0,
      0,    0,    8, 0,  1,   0x01, 0x12, 0,   3, 0, 0,   0,   1, 0,  static_cast<std::uint8_t>(orientation),
      0,    0,    0, 0,  0,   0};
  jpeg.insert(jpeg.begin() + 2, exif.begin(), exif.end());
  return jpeg;
}

// An uncompressed grey TIFF.
inline std::vector<std::uint8_t> made_tiff(std::uint64_t number, int width = 40, int height = 40) {
  const io::Image image = made_image(number, width, height);
  std::vector<std::uint8_t> bytes = {'I', 'I', 42, 0, 8, 0, 0, 0, 8, 0};
  const auto entry = [&](int tag, int type, std::uint32_t value) {
    for (const std::uint32_t part : {static_cast<std::uint32_t>(tag | type << 16), std::uint32_t{1}, value})
      for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<std::uint8_t>(part >> 8 * i));
  };
  const auto pixels = static_cast<std::uint32_t>(width * height);
  entry(256, 4, static_cast<std::uint32_t>(width));
  entry(257, 4, static_cast<std::uint32_t>(height));
  entry(258, 3, 8);
  entry(259, 3, 1);
  entry(262, 3, 1);
  entry(273, 4, 10 + 8 * 12 + 4);
  entry(278, 4, static_cast<std::uint32_t>(height));
  entry(279, 4, pixels);
  bytes.insert(bytes.end(), 4, 0);
  for (std::uint32_t i = 0; i < pixels; ++i) bytes.push_back(image.rgb[3 * i]);
  return bytes;
}

}  // namespace poster::test
