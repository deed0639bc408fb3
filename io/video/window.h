// A window on the screen, over OpenCV's highgui.
#pragma once

#include <memory>
#include <string>

#include "io/video/live.h"

namespace poster::io {

class Window {
 public:
  // Throws poster::Error where there is no display.
  explicit Window(const std::string& title);

  // Shows an image; false when the person has pressed q or Escape, or closed the window.
  bool show(const Image& image) { return window_->show(image); }

 private:
  std::unique_ptr<LiveWindow> window_;
};

}  // namespace poster::io
