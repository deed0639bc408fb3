// Images of a camera, over OpenCV and Video4Linux.
#pragma once

#include <memory>

#include "io/video/live.h"

namespace poster::io {

class Camera {
 public:
  // Throws poster::Error where there is none of that number, or it may not be used.
  explicit Camera(int index);

  // Waits for the next image. False when the camera gives none any more: it was taken away.
  bool next(Frame& frame) { return camera_->next(frame); }
  double frames_per_second() const {
    return camera_->frames_per_second();
  }  // 25 where the camera doesn't say

 private:
  std::unique_ptr<LiveCamera> camera_;
};

}  // namespace poster::io
