// Frames from a video file or a camera, video files written, and a window. Over OpenCV's videoio and highgui;
// what can be read and written is what FFmpeg or GStreamer behind them can.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "io/image.h"

namespace poster::io {

class VideoReader {
 public:
  // Throws poster::Error for a file that is missing or no video, a camera that isn't there.
  static VideoReader file(const std::string& path);
  static VideoReader camera(int index);
  VideoReader(VideoReader&&) noexcept;
  ~VideoReader();

  // The next frame; false at the end. A file that ends before its header says is at its end there.
  bool next(Image& frame);
  double frames_per_second() const;  // 25 where nobody knows

 private:
  struct Capture;
  explicit VideoReader(std::unique_ptr<Capture> capture);
  std::unique_ptr<Capture> capture_;
};

// Motion JPEG in an AVI file, of the size of its first frame. The file takes its name when close() has been
// called; until then it is .NAME beside it, and removed when that never comes.
class VideoWriter {
 public:
  VideoWriter(const std::filesystem::path& path, double frames_per_second);
  ~VideoWriter();
  VideoWriter(const VideoWriter&) = delete;
  VideoWriter& operator=(const VideoWriter&) = delete;

  void write(
      const Image& frame);  // throws poster::Error: a file that cannot be written, a frame of another size
  void close();

 private:
  struct Stream;
  std::filesystem::path path_, temporary_;
  double frames_per_second_;
  std::unique_ptr<Stream> stream_;
};

// Whether the name ends as video files' do: .avi, .mp4, .mkv, .mov, .webm, .mpg, .mpeg, .m4v, .wmv, in any
// case.
bool has_video_extension(const std::string& name);

// A window on the screen. Throws poster::Error where there is no display.
class Window {
 public:
  explicit Window(const std::string& title);
  ~Window();
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  // Shows a picture; false when the person has pressed q or Escape, or closed the window.
  bool show(const Image& picture);

 private:
  std::string title_;
  bool shown_ = false;
};

}  // namespace poster::io
