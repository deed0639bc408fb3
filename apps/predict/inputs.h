// What poster_predict is to look at: one image after the other, from files, folders, films, a camera and
// lists.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <istream>
#include <string>
#include <vector>

#include "io/image/image.h"

namespace poster {

struct Input {
  std::string path;              // a file; "camera 0" for a camera
  std::int64_t frame = -1;       // of a film or camera, from 0; -1: an image
  double time_s = 0;             // of a frame, since its film's beginning
  double frames_per_second = 0;  // of the frames that are looked at
  bool damaged = false;          // a frame with errors in it
  io::Image image;
  double read_ms = 0;  // reading and decoding
};

struct InputSinks {
  std::function<bool(Input)> input;  // false: no more is wanted
  std::function<void(const std::string& message)>
      bad;  // told of everything that cannot be read or is left out
  std::function<void(const std::string& message)> note;  // what is worth knowing and no fault
};

enum class InputsEnd {
  all_seen,
  in_camera,  // a camera was looked at when no more was wanted, and nothing came behind it
  early,
};

// Each argument: an image or a film, known by its content, a folder, the number of a camera (where no file
// has that name), or - for a list on `list`, one of these a line or separated by zero bytes.
//
// Of a folder: the files that are named as images or films, those of its subfolders too, in byte order
// (io/format/image_listing.h), except hidden ones, those in `own_folders`, where this program writes, and
// those that it has drawn before. What is left out is told in one line. What cannot be read goes to `bad` and
// the next one follows; of a film that cannot be read to its end, all frames before and behind. Of films and
// cameras only every `every`-th frame comes, the first one included.
InputsEnd for_each_input(const std::vector<std::string>& arguments, std::istream& list,
                         const std::vector<std::filesystem::path>& own_folders, const InputSinks& sinks,
                         int every = 1);

}  // namespace poster
