// OpenCV has one exception for everything.
#pragma once

#include <opencv2/core.hpp>
#include <string_view>

#include "engine/out_of_memory.h"

namespace poster::io {

// Memory that OpenCV couldn't have is no fault of a file: throws OutOfMemory then, and nothing otherwise.
inline void rethrow_out_of_memory(const cv::Exception& error, std::string_view verb,
                                  std::string_view object) {
  if (error.code == cv::Error::StsNoMem) throw OutOfMemory(verb, object);
}

}  // namespace poster::io
