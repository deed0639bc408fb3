// Where a network looks, drawn over what it saw.
#pragma once

#include <span>

#include "io/image/image.h"

namespace poster::io {

// `weights` [side * side], row by row, not negative: blended over the image from clear blue to red, the
// largest weight being red. Between the grid's middles it is interpolated. Throws poster::Error when the grid
// is empty or the image is.
Image heat_map(const Image& image, std::span<const float> weights);

// The image, its heat map at its right, and a bar of the map's colours with the weights that they stand for,
// in percent.
Image heat_figure(const Image& image, std::span<const float> weights);

}  // namespace poster::io
