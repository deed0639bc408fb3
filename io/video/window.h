// A window on the screen, over OpenCV's highgui.
#pragma once

#include <string>

#include "io/image/image.h"

namespace poster::io {

// Throws poster::Error where there is no display.
class Window {
 public:
  explicit Window(const std::string& title);
  ~Window();
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  // Shows an image; false when the person has pressed q or Escape, or closed the window.
  bool show(const Image& image);

 private:
  std::string title_;
  bool shown_ = false;
};

}  // namespace poster::io
