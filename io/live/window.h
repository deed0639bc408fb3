// A window through OpenCV's highgui.
#pragma once

#include <memory>

#include "io/video/live.h"

namespace poster::io {

std::unique_ptr<LiveWindow> open_window(const char* title);

}  // namespace poster::io
