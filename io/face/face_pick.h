// What detectors have found, put in order.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "io/face/face_box.h"

namespace poster::io {

// The way back from the image that was searched, reduced and with a border about it, to the whole one.
struct SearchScale {
  double scale = 1;  // of the searched image to the whole one
  int border = 0;    // pixels of the searched image, on each side

  double x(double column) const { return (column - border) / scale; }
  double y(double row) const { return (row - border) / scale; }
  double length(double pixels) const { return pixels / scale; }
};

// Largest first, then the upper, then the left one.
void sort_faces(std::vector<FaceBox>& faces);

// A pair of eyes out of what an eye detector found in a face, or none: side by side about where a face has
// them, of like size.
std::optional<Eyes> choose_eyes(const FaceBox& face, std::span<const FaceBox> found);

// One row of YuNet's result: box, right eye, left eye (the person's), nose, corners of the mouth, score.
FaceBox face_from_yunet(std::span<const float, 15> row, const SearchScale& scale);

}  // namespace poster::io
