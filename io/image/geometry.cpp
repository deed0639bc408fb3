#include "io/image/geometry.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <string>

#include "engine/error.h"

namespace poster::io {
namespace {

// Python's round(): half to even, which is the default rounding mode.
int python_round(double value) { return static_cast<int>(std::nearbyint(value)); }

std::int64_t fixed_point(double value) {
  return static_cast<std::int64_t>(std::floor(value * 65536.0 + 0.5));
}

}  // namespace

Image pad_centre(const Image& image, int side) {
  if (image.width >= side && image.height >= side) return image;
  Image result(std::max(image.width, side), std::max(image.height, side));
  const int left = (result.width - image.width) / 2, top = (result.height - image.height) / 2;
  for (int y = 0; y < image.height; ++y)
    std::copy_n(image.row(y), image.width * 3, result.pixel(left, top + y));
  return result;
}

Image crop_centre(const Image& image, int width, int height) {
  if (width > image.width || height > image.height || width < 1 || height < 1)
    throw Error("cannot cut " + std::to_string(width) + "x" + std::to_string(height) + " out of " +
                std::to_string(image.width) + "x" + std::to_string(image.height) + "; pad the image first");
  if (width == image.width && height == image.height) return image;
  const int left = python_round((image.width - width) / 2.0),
            top = python_round((image.height - height) / 2.0);
  Image result(width, height);
  for (int y = 0; y < height; ++y) std::copy_n(image.pixel(left, top + y), width * 3, result.row(y));
  return result;
}

Image flip_horizontally(const Image& image) {
  Image result(image.width, image.height);
  for (int y = 0; y < image.height; ++y) {
    const std::uint8_t* source = image.row(y);
    std::uint8_t* target = result.pixel(image.width - 1, y);
    for (int x = 0; x < image.width; ++x, source += 3, target -= 3) std::memcpy(target, source, 3);
  }
  return result;
}

Rotation::Rotation(int width, int height, double degrees) : width_(width), height_(height) {
  const double angle = -degrees * std::numbers::pi / 180.0;
  const double cosine = std::cos(angle), sine = std::sin(angle);
  const double centre_x = width / 2.0, centre_y = height / 2.0;
  const double shift_x = centre_x - cosine * centre_x - sine * centre_y;
  const double shift_y = centre_y + sine * centre_x - cosine * centre_y;
  xx_ = fixed_point(cosine);
  xy_ = fixed_point(sine);
  yx_ = fixed_point(-sine);
  yy_ = fixed_point(cosine);
  // Of the centre of the first pixel.
  x0_ = fixed_point(shift_x + 0.5 * cosine + 0.5 * sine);
  y0_ = fixed_point(shift_y - 0.5 * sine + 0.5 * cosine);
}

Image rotate(const Image& image, double degrees) {
  Image result(image.width, image.height);
  const Rotation rotation(image.width, image.height, degrees);
  for (int y = 0; y < image.height; ++y) {
    std::uint8_t* target = result.row(y);
    for (int x = 0; x < image.width; ++x, target += 3) {
      int source_x = 0, source_y = 0;
      if (rotation.source(x, y, source_x, source_y)) std::memcpy(target, image.pixel(source_x, source_y), 3);
    }
  }
  return result;
}

Image translate(const Image& image, int dx, int dy) {
  Image result(image.width, image.height);
  const int left = std::max(0, dx), right = std::min(image.width, image.width + dx);
  for (int y = std::max(0, dy); y < std::min(image.height, image.height + dy); ++y)
    if (left < right) std::copy_n(image.pixel(left - dx, y - dy), 3 * (right - left), result.pixel(left, y));
  return result;
}

const std::array<std::array<float, 256>, 3>& normalisation_table() {
  static const auto table = [] {
    std::array<std::array<float, 256>, 3> values{};
    for (int c = 0; c < 3; ++c)
      for (int level = 0; level < 256; ++level)
        values[c][level] = (static_cast<float>(level) / 255.0f - kChannelMean[c]) / kChannelDeviation[c];
    return values;
  }();
  return table;
}

void normalise(const Image& image, int step, float* output) {
  const auto& table = normalisation_table();
  for (int y = 0; y < image.height; y += step) {
    const std::uint8_t* row = image.row(y);
    for (int x = 0; x < image.width; x += step, output += 3)
      for (int c = 0; c < 3; ++c) output[c] = table[c][row[3 * x + c]];
  }
}

std::optional<Rectangle> draw_erasing(RandomStream& random, int width, int height, double area_min,
                                      double area_max, double aspect_min, double aspect_max) {
  const double area = static_cast<double>(width) * height;
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double erased = area * random.uniform(area_min, area_max);
    const double aspect = std::exp(random.uniform(std::log(aspect_min), std::log(aspect_max)));
    const int h = python_round(std::sqrt(erased * aspect)), w = python_round(std::sqrt(erased / aspect));
    if (h >= height || w >= width) continue;
    const auto top = static_cast<int>(random.below(static_cast<std::uint64_t>(height - h) + 1));
    const auto left = static_cast<int>(random.below(static_cast<std::uint64_t>(width - w) + 1));
    return Rectangle{left, top, w, h};
  }
  return std::nullopt;
}

void erase(float* output, int width, int height, int step, const Rectangle& rectangle) {
  // The first kept pixel at or after a coordinate.
  const auto kept = [step](int at) { return (at + step - 1) / step; };
  const int pitch = kept(width);
  const int bottom = kept(std::min(rectangle.top + rectangle.height, height));
  const int left = kept(rectangle.left), right = kept(std::min(rectangle.left + rectangle.width, width));
  for (int y = kept(rectangle.top); y < bottom; ++y)
    if (left < right)
      std::fill_n(output + (static_cast<std::ptrdiff_t>(y) * pitch + left) * 3, 3 * (right - left), 0.0f);
}

}  // namespace poster::io
