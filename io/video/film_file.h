// A film's container, opened by FFmpeg on one regular file. Nothing else is ever opened: playlists (HLS,
// DASH, concat), files that name other files and the network are refused, whatever the file says.
#pragma once

#include <memory>
#include <string>

#include "io/format/input_file.h"
#include "io/video/ffmpeg.h"

namespace poster::io {

class FilmFile {
 public:
  // Throws poster::Error for what is no regular file, no film by its content, or a film whose header is
  // damaged or cut off.
  explicit FilmFile(const std::string& path);
  ~FilmFile();
  FilmFile(const FilmFile&) = delete;
  FilmFile& operator=(const FilmFile&) = delete;

  AVFormatContext& context() { return *context_; }
  const InputFile& file() const;
  // What the disk said when the file could not be read; else empty.
  const std::string& disk_error() const;

 private:
  struct Source;
  std::unique_ptr<Source> source_;
  ffmpeg::Io io_;
  AVFormatContext* context_ = nullptr;
};

}  // namespace poster::io
