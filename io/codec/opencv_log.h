// The one place where OpenCV is silenced.
#pragma once

#include <opencv2/core/utils/logger.hpp>

namespace poster::io {

// OpenCV prints lines of its own ("[ WARN:0@0.1] …") that name no file; our errors say it. Whoever calls
// OpenCV's codecs, detectors or cameras calls this first, from any thread. It holds for the process.
inline void silence_opencv() {
  [[maybe_unused]] static const auto before =
      cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
}

}  // namespace poster::io
