// What was found in a picture, drawn into it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "io/image/image.h"

namespace poster::io {

struct Annotation {
  double left = 0, top = 0, width = 0, height = 0;  // a box in pixels, outlined
  std::vector<std::string> names;                   // of the bars, UTF-8
  std::vector<double> shares;                       // their lengths, 0 to 1; as many as names
};

// The picture with each box and, inside at its left, one bar a name: the longest marked. Text is as large as
// the picture allows.
Image annotate(const Image& picture, std::span<const Annotation> faces);

// `weights` [side * side], row by row, not negative: blended over the picture from clear blue to red, the
// largest weight being red. Between the grid's middles it is interpolated. Throws poster::Error when the grid
// is empty or the picture is.
Image heat_map(const Image& picture, std::span<const float> weights);

}  // namespace poster::io
