// The geometric half of the augmentations, normalisation and random erasing, with the results of torchvision
// on Pillow images. Colour is in io/image/colour.h.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "engine/random.h"
#include "io/image/image.h"

namespace poster::io {

// Black borders until the image is at least side x side, the odd pixel on the right and below.
Image pad_centre(const Image& image, int side);

// The middle width x height of an image at least that large (torchvision's center_crop: the offset is
// rounded half to even).
Image crop_centre(const Image& image, int width, int height);

Image flip_horizontally(const Image& image);

// Where an output pixel's value comes from when an image is turned about its centre by `degrees`
// counter-clockwise, nearest neighbour, in 16 fractional bits (Pillow's rotate(degrees)).
class Rotation {
 public:
  Rotation(int width, int height, double degrees);

  // False: outside the image, to be filled with black.
  bool source(int x, int y, int& source_x, int& source_y) const {
    const std::int64_t fixed_x = x0_ + xx_ * x + xy_ * y, fixed_y = y0_ + yx_ * x + yy_ * y;
    source_x = static_cast<int>(fixed_x >> 16);
    source_y = static_cast<int>(fixed_y >> 16);
    return source_x >= 0 && source_x < width_ && source_y >= 0 && source_y < height_;
  }

  // The numbers that source() computes with: x0, xx, xy, y0, yx, yy.
  std::array<std::int64_t, 6> coefficients() const { return {x0_, xx_, xy_, y0_, yx_, yy_}; }

 private:
  int width_, height_;
  std::int64_t x0_, xx_, xy_, y0_, yx_, yy_;
};

Image rotate(const Image& image, double degrees);

// Moves the image dx to the right and dy down; what comes in is black.
Image translate(const Image& image, int dx, int dy);

inline constexpr std::array<float, 3> kChannelMean = {0.485f, 0.456f, 0.406f};
inline constexpr std::array<float, 3> kChannelDeviation = {0.229f, 0.224f, 0.225f};

// (level / 255 - mean) / deviation in float for every level of each channel.
const std::array<std::array<float, 256>, 3>& normalisation_table();

// output[h][w][3], h = ceil(height / step): every step-th pixel of every step-th row.
void normalise(const Image& image, int step, float* output);

struct Rectangle {
  int left = 0, top = 0, width = 0, height = 0;
  bool operator==(const Rectangle&) const = default;
};

// Random erasing (Zhong et al. 2017; torchvision's RandomErasing): up to 10 tries of a rectangle whose area
// is uniform in [area_min, area_max] of the image and whose aspect (height / width) is log-uniform; none
// when no try is smaller than the image in both directions.
std::optional<Rectangle> draw_erasing(RandomStream& random, int width, int height, double area_min,
                                      double area_max, double aspect_min, double aspect_max);

// Zeroes a rectangle, given in the full image's pixels, in a normalised image of every step-th pixel:
// output[h][w][3], w = ceil(width / step).
void erase(float* output, int width, int height, int step, const Rectangle& rectangle);

}  // namespace poster::io
