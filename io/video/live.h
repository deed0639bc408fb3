// Cameras and windows are OpenCV's videoio and highgui, which bring 230 libraries and 0.15 s of every start: they
// are built into a library of their own, libposter_io_live.so (io/live), which is loaded when one is asked for.
#pragma once

#include <memory>

#include "io/image/image.h"
#include "io/video/frame.h"

namespace poster::io {

class LiveCamera {
 public:
  virtual ~LiveCamera() = default;
  virtual bool next(Frame& frame) = 0;
  virtual double frames_per_second() const = 0;
};

class LiveWindow {
 public:
  virtual ~LiveWindow() = default;
  virtual bool show(const Image& image) = 0;
};

// What the library gives, by the name kLiveLibraryName. Both throw poster::Error.
struct LiveLibrary {
  std::unique_ptr<LiveCamera> (*open_camera)(int index);
  std::unique_ptr<LiveWindow> (*open_window)(const char* title);
};
inline constexpr const char* kLiveLibraryName = "poster_live_library";

// Loads it at the first call. Throws poster::Error, which names `what` can't be had.
const LiveLibrary& live_library(const char* what);

}  // namespace poster::io
