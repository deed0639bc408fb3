// Stored images brought upright.
#pragma once

#include "io/image/image.h"

namespace poster::io {

// `orientation` is EXIF 2.32's, tag 0x0112 (TIFF 6.0's tag 274): where the stored first row and column
// belong.
Image upright(Image stored, int orientation);

}  // namespace poster::io
