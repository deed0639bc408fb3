// What was found in an image, drawn into it.
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

// The image with each box and, inside at its left, one bar a name: the longest marked. Text is as large as
// the image allows.
Image annotate(const Image& image, std::span<const Annotation> faces);

// `weights` [side * side], row by row, not negative: blended over the image from clear blue to red, the
// largest weight being red. Between the grid's middles it is interpolated. Throws poster::Error when the grid
// is empty or the image is.
Image heat_map(const Image& image, std::span<const float> weights);

}  // namespace poster::io
