// Films written: H.264 in MP4, which browsers and phones play, where FFmpeg here has an encoder for it; motion
// JPEG (quality 95) in AVI, which needs none.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "io/image/image.h"

namespace poster::io {

// Whether a film called .mp4 can be written.
bool can_write_mp4();

// Of the size of its first frame, in MP4 a column or row more where that is odd; by the path's extension an MP4
// or an AVI. The film appears under its name when close() has been called, and whole;
// without, or when anything could not be written, nothing is left. Nothing is overwritten.
class FilmWriter {
 public:
  // `program` stands in the file as what made it, where it isn't empty.
  FilmWriter(const std::filesystem::path& path, double frames_per_second, std::string program = "");
  ~FilmWriter();
  FilmWriter(const FilmWriter&) = delete;
  FilmWriter& operator=(const FilmWriter&) = delete;

  // Throws poster::Error: a file that cannot be written, a frame of another size.
  void write(const Image& frame);
  // Without a frame there is no film. Throws poster::Error.
  void close();

 private:
  class Stream;
  std::filesystem::path path_;
  double frames_per_second_;
  std::string program_;
  std::unique_ptr<Stream> stream_;
};

}  // namespace poster::io
