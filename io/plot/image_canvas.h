// Drawing into an image.
#pragma once

#include <functional>

#include "io/image/image.h"
#include "io/plot/canvas.h"

namespace poster::io {

// The image with what `draw` has drawn over it; a unit of the canvas is a pixel. Throws poster::Error for an
// empty image, and for one that is too large to be drawn into.
Image draw_into(const Image& image, const std::function<void(Canvas&)>& draw);

}  // namespace poster::io
