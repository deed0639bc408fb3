#include "apps/predict/inputs.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

#include "apps/predict/list_reader.h"
#include "apps/predict/own_mark.h"
#include "engine/error.h"
#include "io/codec/image_reader.h"
#include "io/console/stop_signal.h"
#include "io/format/image_listing.h"
#include "io/video/camera.h"
#include "io/video/film_kind.h"
#include "io/video/film_reader.h"

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
  Walk(std::istream& list, const std::vector<fs::path>& own_folders, const InputSinks& sinks, int every)
      : list_(list), own_folders_(own_folders), sinks_(sinks), every_(every) {}

  // Each returns false when no more is wanted.
  bool argument(const std::string& name, bool may_be_list) {
    in_camera_ = false;
    if (stop_requested()) return false;
    if (name == "-" && may_be_list) return lines();
    std::error_code error;
    if (fs::is_directory(name, error)) return folder(name);
    if (const auto number = fs::exists(fs::symlink_status(name, error)) ? std::nullopt : camera_number(name))
      return camera("camera " + name, *number);
    return file(name);
  }

  bool in_camera() const { return in_camera_; }

 private:
  // Whether `read` came to its end; what it throws is told. Only reading is tried: what is thrown while an
  // image is looked at or written ends the program.
  template <typename Read>
  bool tried(Read read) const {
    try {
      read();
      return true;
    } catch (const Error& error) {
      sinks_.bad(error.what());
      return false;
    }
  }

  bool file(const std::string& path) {
    const io::ContentKind kind = io::content_kind(path);
    if (kind == io::ContentKind::film || (kind == io::ContentKind::other && io::has_film_extension(path)))
      return film(path);
    Input input{.path = path, .image = {}};
    const auto start = std::chrono::steady_clock::now();
    if (!tried([&] { input.image = io::read_image(path); })) return true;
    input.read_ms = ms_since(start);
    return sinks_.input(std::move(input));
  }

  bool film(const std::string& path) {
    std::optional<io::FilmReader> reader;
    if (!tried([&] { reader.emplace(path); })) return true;
    if (!reader->note().empty()) sinks_.note(reader->note());
    if (!frames(path, *reader)) return false;
    if (const std::string complaint = reader->complaint(); !complaint.empty()) sinks_.bad(complaint);
    return true;
  }

  bool camera(const std::string& name, int number) {
    std::optional<io::Camera> camera;
    if (!tried([&] { camera.emplace(number); })) return true;
    in_camera_ = true;
    if (!frames(name, *camera)) return false;
    sinks_.bad(name + ": gives no more images; check that it is connected, and start again");
    return true;
  }

  template <typename Reader>
  bool frames(const std::string& name, Reader& reader) {
    for (std::int64_t number = 0;; ++number) {
      io::Frame frame;
      bool more = false;
      const auto start = std::chrono::steady_clock::now();
      tried([&] { more = reader.next(frame); });
      if (!more) return true;
      if (number % every_ != 0) {
        if (stop_requested()) return false;
        continue;
      }
      if (!sinks_.input({.path = name,
                         .frame = number,
                         .time_s = frame.time_s,
                         .frames_per_second = reader.frames_per_second() / every_,
                         .damaged = frame.damaged,
                         .image = std::move(frame.image),
                         .read_ms = ms_since(start)}))
        return false;
    }
  }

  bool folder(const std::string& name) {
    if (is_own(name)) {
      sinks_.bad(name +
                 ": images are written into this folder now; give another to --annotate and --attention");
      return true;
    }
    const io::ListingOptions options{.takes =
                                         [](const std::string& file) {
                                           return io::has_image_extension(file) ||
                                                  io::has_film_extension(file);
                                         },
                                     .passes_over = [this](const fs::path& inner) { return is_own(inner); }};
    io::ImageListing listing;
    if (!tried([&] { listing = io::list_images(name, options); })) return true;
    // What an earlier run has drawn into some folder here is known by its mark.
    const auto drawn = std::erase_if(listing.files, [&](const io::ListedFile& each) {
      return is_marked_as_own((fs::path(name) / each.name).string());
    });
    std::string left_out = listing.left_out.line();
    if (drawn > 0)
      left_out +=
          (left_out.empty() ? "left out: " : "; ") + std::to_string(drawn) + " drawn by poster_predict";
    if (listing.files.empty())
      sinks_.bad(name + ": no images or films in this folder; give another" +
                 (left_out.empty() ? "" : " (" + left_out + ")"));
    for (const io::ListedFile& each : listing.files)
      if (!file((fs::path(name) / each.name).string())) return false;
    if (!listing.files.empty() && !left_out.empty()) sinks_.bad(name + ": " + left_out);
    return true;
  }

  bool is_own(const fs::path& inner) const {
    std::error_code error;
    return std::ranges::any_of(own_folders_,
                               [&](const fs::path& own) { return fs::equivalent(own, inner, error); });
  }

  bool lines() {
    ListReader reader(list_);
    bool some = false, more = true;
    for (std::string name;; some = true) {
      if (!tried([&] { more = reader.next(name); })) return true;
      if (!more && stop_requested()) return false;
      if (!more) break;
      if (!argument(name, /*may_be_list=*/false)) return false;
    }
    if (list_.bad()) sinks_.bad("the list on standard input cannot be read to its end; give it again");
    if (!some) sinks_.bad("the list on standard input is empty; give names of images, one a line");
    return true;
  }

  std::istream& list_;
  const std::vector<fs::path>& own_folders_;
  const InputSinks& sinks_;
  int every_;
  bool in_camera_ = false;
};

}  // namespace

InputsEnd for_each_input(const std::vector<std::string>& arguments, std::istream& list,
                         const std::vector<fs::path>& own_folders, const InputSinks& sinks, int every) {
  Walk walk(list, own_folders, sinks, every);
  for (std::size_t i = 0; i < arguments.size(); ++i)
    if (!walk.argument(arguments[i], /*may_be_list=*/true))
      return walk.in_camera() && i + 1 == arguments.size() && arguments[i] != "-" ? InputsEnd::in_camera
                                                                                  : InputsEnd::early;
  return InputsEnd::all_seen;
}

}  // namespace poster
