// A camera through OpenCV's videoio.
#pragma once

#include <memory>

#include "io/video/live.h"

namespace poster::io {

std::unique_ptr<LiveCamera> open_camera(int index);

}  // namespace poster::io
