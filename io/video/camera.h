// Images of a camera, over OpenCV and Video4Linux.
#pragma once

#include <memory>

#include "io/video/frame.h"

namespace poster::io {

class Camera {
 public:
  // Throws poster::Error where there is none of that number, or it may not be used.
  explicit Camera(int index);
  Camera(Camera&&) noexcept;
  ~Camera();

  // Waits for the next image. False when the camera gives none any more: it was taken away.
  bool next(Frame& frame);
  double frames_per_second() const;  // 25 where the camera doesn't say

 private:
  struct Capture;
  std::unique_ptr<Capture> capture_;
};

}  // namespace poster::io
