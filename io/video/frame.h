// One image of a film or a camera.
#pragma once

#include "io/image/image.h"

namespace poster::io {

struct Frame {
  Image image = {};      // upright
  double time_s = 0;     // since the film's beginning, or the camera's first image
  bool damaged = false;  // decoded in spite of errors in it or in what it builds on
};

}  // namespace poster::io
