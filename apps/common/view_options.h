// The command line's part about the view: which part of a face a network sees (io/face/face_view.h). Shared
// by all programs that make views, so that they agree.
#pragma once

#include <optional>
#include <string>

#include "io/face/face_view.h"
#include "io/face/view_record.h"

namespace CLI {
class App;
}

namespace poster {

// What was not given stays empty.
struct ViewFlags {
  std::optional<std::string> view, detector, colour, texture;
  std::optional<double> margin, eye_line, width, height, rotation, mix;
  std::optional<std::uint64_t> seed;

  bool any() const {
    return view || detector || colour || texture || margin || eye_line || width || height || rotation ||
           mix || seed;
  }
};

// For all but --view, --view-detector and --face-margin: a program that finds and crops faces itself has no
// use for the latter two. `otherwise`: which view there is without the option, for --help.
void add_view_flags(CLI::App& app, ViewFlags& flags, const std::string& otherwise = "full");
// These two: where the face is in pictures that somebody else has cropped.
void add_view_place_flags(CLI::App& app, ViewFlags& flags, const std::string& otherwise);

// What was given, on top of `base`. A headset setting without --view headset is an error, and so are
// --eye-line without lower, and settings out of range.
io::ViewOptions resolve_view(const ViewFlags& flags, const io::ViewOptions& base = {});

}  // namespace poster
