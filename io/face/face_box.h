// Where a face is in an image.
#pragma once

#include <optional>

#include "io/image/point.h"

namespace poster::io {

// The middles of both eyes, by where they are in the image: left.x < right.x.
struct Eyes {
  Point left, right;

  bool operator==(const Eyes&) const = default;
};

// In pixels of the upright image; a box of {0, 0, w, h} is the whole of a w x h image, a pixel's middle
// is at half numbers.
struct FaceBox {
  double left = 0, top = 0, width = 0, height = 0;
  std::optional<Eyes> eyes = std::nullopt;

  bool operator==(const FaceBox&) const = default;
};

// Where the eyes are in a frontal face's box when nobody has found them: shares of its width and height. They
// fit the boxes of OpenCV's frontal cascade (measured over faces on which its eye cascade finds both eyes).
inline constexpr double kEyeRow = 0.39;
inline constexpr double kEyeDistance = 0.37;

// The eyes that were found, or else those by proportion.
Eyes eyes_of(const FaceBox& box);

}  // namespace poster::io
