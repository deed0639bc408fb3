// Images and films that poster_predict writes.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "apps/predict/format.h"
#include "apps/predict/inputs.h"
#include "apps/predict/output_names.h"
#include "io/video/film_writer.h"

namespace poster {

class Drawings {
 public:
  using Note = std::function<void(const std::string& message)>;

  // Folders for images with boxes and labels, and for heat maps; empty: none. They are made. `note` is told
  // what is worth knowing, `telling` says what a label holds. Throws Error.
  Drawings(const std::string& annotate, const std::string& attention, const std::vector<std::string>& classes,
           const Telling& telling, Note note);

  // Writes what is asked for: of an image a/b.jpg, ANNOTATE/a_b.png; of a film a/b.mov, ANNOTATE/a_b.mp4, or
  // .avi where FFmpeg has no encoder for H.264, whole when the next input comes, of the size of its first
  // frame, as long as the film; of each face what the network saw and its heat map, ATTENTION/a_b.png, or
  // a_b-frame-000012-face-2.png. Names that are taken get a number (apps/predict/output_names.h).
  void add(const Input& input, const Found& found);
  // Ends the film in hand, which is kept as far as it has come.
  void finish();

  // Notes what was written: how many files of each kind, in which folder, the first by name.
  void say_what_was_written() const;

  io::Image annotated(const Input& input, const Found& found) const;
  // Where is written, as given.
  std::vector<std::filesystem::path> folders() const;

 private:
  const std::string& name_of(const Input& input);
  void add_frame(const Input& input, const io::Image& image, const std::string& name);

  std::filesystem::path annotate_, attention_;
  std::vector<std::string> classes_;
  Note note_;
  OutputNames names_;
  std::string last_path_, last_name_;
  Telling telling_;
  struct Written {
    std::filesystem::path first;
    std::size_t images = 0, films = 0;
    void add(const std::filesystem::path& path, bool is_film = false);
    std::string line(const std::filesystem::path& folder) const;
  } annotated_files_, attention_files_;
  std::filesystem::path film_path_;
  std::unique_ptr<io::FilmWriter> film_;
  int film_width_ = 0, film_height_ = 0, source_width_ = 0, source_height_ = 0;
  bool told_of_size_ = false, told_of_earlier_ = false;
};

}  // namespace poster
