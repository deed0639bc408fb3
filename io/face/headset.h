// Paints a rotated box.
#pragma once

#include <array>
#include <cstdint>

#include "io/face/face_box.h"
#include "io/image/image.h"

namespace poster::io {

// A rectangle with antialiased edges; corners in pixels, clockwise from its upper left one, also outside the
// image. Filled with the colour, or with the whole of `texture` (null: none) stretched between the corners.
// No other pixel changes.
void paint_headset(Image& image, const std::array<Point, 4>& corners,
                   const std::array<std::uint8_t, 3>& colour, const Image* texture);

}  // namespace poster::io
