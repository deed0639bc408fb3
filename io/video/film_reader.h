// The frames of a film, one after the other, and what is missing of it at the end. Over FFmpeg's libraries.
#pragma once

#include <memory>
#include <string>

#include "io/video/frame.h"

namespace poster::io {

class FilmReader {
 public:
  // One film of one regular file, known by its content (io/video/film_kind.h). Of several video streams
  // the one marked as default is taken, then the largest, then the first; covers and thumbnails never are.
  // Throws poster::Error, which begins with the path: no film, sound alone, an encrypted or damaged one, a
  // kind of coding that FFmpeg lacks, frames beyond the caps of io/codec/image_reader.h.
  explicit FilmReader(const std::string& path);
  FilmReader(FilmReader&&) noexcept;
  ~FilmReader();

  // The next frame that can be read, in its own size, turned as the film says; behind what is damaged it goes
  // on. False at the end. Throws poster::Error for an encrypted film, frames that cannot be read as images,
  // and when there is no memory.
  bool next(Frame& frame);

  double frames_per_second() const;  // on average; 25 where nobody knows

  // What was chosen, or empty: "film.mkv: 2 video streams; the one of 1280x720 is taken".
  const std::string& note() const;
  // After the end: what is wrong with the film, one line, or empty for a whole one. "cut.mp4: ends early, 13
  // of 30 frames could be read; …".
  std::string complaint() const;

 private:
  class Stream;
  std::unique_ptr<Stream> stream_;
};

}  // namespace poster::io
