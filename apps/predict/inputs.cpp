#include "apps/predict/inputs.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <optional>

#include "engine/error.h"
#include "io/image_reader.h"
#include "io/video/video.h"

namespace poster {
namespace {

namespace fs = std::filesystem;

double ms_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

std::optional<int> camera_number(const std::string& argument) {
  int number = 0;
  const char* const end = argument.data() + argument.size();
  const auto [rest, error] = std::from_chars(argument.data(), end, number);
  if (error != std::errc() || rest != end || number < 0) return std::nullopt;
  return number;
}

class Walk {
 public:
  Walk(std::istream& list, const InputSinks& sinks) : list_(list), sinks_(sinks) {}

  // Each returns false when no more is wanted.
  bool argument(const std::string& name, bool may_be_list) {
    if (name == "-" && may_be_list) return lines();
    std::error_code error;
    if (fs::is_directory(name, error)) return folder(name);
    const auto camera = fs::exists(name, error) ? std::nullopt : camera_number(name);
    if (camera) return frames("camera " + name, [&] { return io::VideoReader::camera(*camera); });
    return file(name);
  }

 private:
  bool file(const std::string& path) {
    if (io::has_video_extension(path)) return frames(path, [&] { return io::VideoReader::file(path); });
    Input input{.path = path, .image = {}};
    const auto start = std::chrono::steady_clock::now();
    try {
      input.image = io::read_image(path);
    } catch (const Error& error) {
      sinks_.bad(error.what());
      return true;
    }
    input.read_ms = ms_since(start);
    return sinks_.input(std::move(input));
  }

  template <typename Open>
  bool frames(const std::string& name, Open open) {
    std::optional<io::VideoReader> reader;
    try {
      reader.emplace(open());
    } catch (const Error& error) {
      sinks_.bad(error.what());
      return true;
    }
    for (std::int64_t frame = 0;; ++frame) {
      Input input{
          .path = name, .frame = frame, .frames_per_second = reader->frames_per_second(), .image = {}};
      const auto start = std::chrono::steady_clock::now();
      if (!reader->next(input.image)) {
        if (frame == 0) sinks_.bad(name + ": no frame can be read; give another video");
        return true;
      }
      input.read_ms = ms_since(start);
      if (!sinks_.input(std::move(input))) return false;
    }
  }

  bool folder(const std::string& name) {
    std::vector<std::string> files;
    try {
      for (const auto& entry :
           fs::recursive_directory_iterator(name, fs::directory_options::follow_directory_symlink)) {
        const std::string path = entry.path().string();
        if (entry.is_regular_file() && !entry.path().filename().string().starts_with('.') &&
            (io::has_picture_extension(path) || io::has_video_extension(path)))
          files.push_back(path);
      }
    } catch (const fs::filesystem_error& error) {
      sinks_.bad(name + ": cannot be listed (" + error.code().message() + "); check its permissions");
      return true;
    }
    if (files.empty()) sinks_.bad(name + ": no pictures or videos in this folder; give another");
    std::sort(files.begin(), files.end());
    for (const std::string& path : files)
      if (!file(path)) return false;
    return true;
  }

  bool lines() {
    for (std::string line; std::getline(list_, line);) {
      if (line.ends_with('\r')) line.pop_back();
      if (!line.empty() && !argument(line, /*may_be_list=*/false)) return false;
    }
    return true;
  }

  std::istream& list_;
  const InputSinks& sinks_;
};

}  // namespace

void for_each_input(const std::vector<std::string>& arguments, std::istream& list, const InputSinks& sinks) {
  Walk walk(list, sinks);
  for (const std::string& argument : arguments)
    if (!walk.argument(argument, /*may_be_list=*/true)) return;
}

}  // namespace poster
