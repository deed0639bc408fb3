// What was found in an image, drawn into it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "io/image/image.h"

namespace poster::io {

struct Annotation {
  double left = 0, top = 0, width = 0, height = 0;  // a box in pixels, outlined
  std::vector<std::string> lines = {};  // of its label, UTF-8, the first one bold; empty: no label
};

// The image with each box and, beside it and over no face, its label in the box's colour; where there is no
// room, the label lies in a strip under the image. With `strip_lines` there always is a strip, of a label of
// so many lines, so that frames of one size stay frames of one size; with 0 only where it is needed. An image whose shorter side has fewer than 160 pixels is
// enlarged by a whole number, so that labels can be read.
Image annotate(const Image& image, std::span<const Annotation> faces, int strip_lines = 0);

}  // namespace poster::io
