// The finders behind make_face_finder(), and what they share.
#pragma once

#include <memory>
#include <opencv2/core.hpp>
#include <string>

#include "io/face/face_finder.h"
#include "io/face/face_pick.h"

namespace poster::io {

std::unique_ptr<FaceFinder> make_cascade_finder();
std::unique_ptr<FaceFinder> make_yunet_finder(const std::string& path);

// An image brought to at most `longest` pixels a side, and the way back.
struct SearchImage {
  cv::Mat pixels;  // grey or BGR, as was asked for
  SearchScale scale;
};

// conversion: one of cv::COLOR_RGB2...; border: a share of the longer side, filled by repeating the edge.
SearchImage search_image(const Image& image, int conversion, int longest, double border);

}  // namespace poster::io
