// The finders behind make_face_finder(), and what they share.
#pragma once

#include <memory>
#include <opencv2/core.hpp>
#include <span>
#include <string>
#include <vector>

#include "io/face/face_finder.h"

namespace poster::io {

std::unique_ptr<FaceFinder> make_cascade_finder();
std::unique_ptr<FaceFinder> make_yunet_finder(const std::string& path);

// A picture brought to at most `longest` pixels a side, and the way back.
struct SearchPicture {
  cv::Mat pixels;    // what was asked for: grey or BGR
  double scale = 1;  // of the search picture to the picture
  int border = 0;    // pixels added on each side of the search picture

  double x(double column) const { return (column - border) / scale; }
  double y(double row) const { return (row - border) / scale; }
};

// conversion: one of cv::COLOR_RGB2...; border: a share of the longer side, filled by repeating the edge.
SearchPicture search_picture(const Image& image, int conversion, int longest, double border);

// Largest first, then the upper, then the left one.
void sort_faces(std::vector<FaceBox>& faces);

// A pair of eyes out of what an eye detector found in a face, or none: side by side about where a face has
// them, of like size. `found` in the picture's coordinates.
std::optional<Eyes> choose_eyes(const FaceBox& face, std::span<const FaceBox> found);

// One row of YuNet's result: box, right eye, left eye (the person's), nose, corners of the mouth, score.
FaceBox face_from_yunet(std::span<const float, 15> row, const SearchPicture& picture);

}  // namespace poster::io
