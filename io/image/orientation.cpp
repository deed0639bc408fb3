#include "io/image/orientation.h"

#include <cstddef>

namespace poster::io {

// The orientation is a walk over the stored image from another corner.
Image upright(Image stored, int orientation) {
  if (orientation <= 1 || orientation > 8) return stored;
  const bool transposed = orientation >= 5;
  Image image(transposed ? stored.height : stored.width, transposed ? stored.width : stored.height);
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const std::ptrdiff_t pitch = std::ptrdiff_t{3} * stored.width;
  const std::ptrdiff_t column = from_right ? -3 : 3, line = from_bottom ? -pitch : pitch;
  const std::ptrdiff_t step_x = transposed ? line : column, step_y = transposed ? column : line;
  const std::uint8_t* start = stored.row(from_bottom ? stored.height - 1 : 0) + (from_right ? pitch - 3 : 0);
  for (int y = 0; y < image.height; ++y) {
    const std::uint8_t* source = start + y * step_y;
    std::uint8_t* target = image.row(y);
    for (int x = 0; x < image.width; ++x, source += step_x, target += 3)
      for (int c = 0; c < 3; ++c) target[c] = source[c];
  }
  return image;
}

}  // namespace poster::io
