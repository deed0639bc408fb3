// Antialiased bilinear resizing as Pillow defines it: a triangle filter as wide as the reduction, in two
// 8-bit passes, columns first, with weights of 22 fractional bits. Equal to Pillow 9.4's Image.resize(size,
// BILINEAR).
#pragma once

#include "io/image/image.h"

namespace poster::io {

// Throws poster::Error when the image is empty or a side of the result is below 1.
Image resize(const Image& image, int width, int height);

struct Size {
  int width = 0, height = 0;
  bool operator==(const Size&) const = default;
};

// The shorter side becomes `side`, the longer one int(side * longer / shorter), as torchvision's
// Resize(side).
Size short_side_size(int width, int height, int side);

Image resize_short_side(const Image& image, int side);

}  // namespace poster::io
