// What poster_predict is to look at: one picture after the other, from files, folders, videos, a camera and
// lists.
#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <string>
#include <vector>

#include "io/image.h"

namespace poster {

struct Input {
  std::string path;         // a file; "camera 0" for a camera
  std::int64_t frame = -1;  // of a video or camera, from 0; -1: a picture
  double frames_per_second = 0;
  io::Image image;
  double read_ms = 0;  // reading and decoding
};

struct InputSinks {
  std::function<bool(Input)> input;                     // false: no more is wanted
  std::function<void(const std::string& message)> bad;  // told once of everything that cannot be read
};

// Each argument: a picture, a folder (its pictures and videos, subfolders too, in byte order), a video, the
// number of a camera (where no file has that name), or - for a list on `list`, one of these a line. What
// cannot be read goes to `bad` and the next one follows.
void for_each_input(const std::vector<std::string>& arguments, std::istream& list, const InputSinks& sinks);

}  // namespace poster
