// The command line's part about the view: which part of a face a network sees (io/face/face_view.h). Shared
// by all programs that make views, so that they agree.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "io/face/face_view.h"

namespace CLI {
class App;
}

namespace poster {

// What was not given stays empty.
struct ViewFlags {
  std::optional<std::string> view, detector, colour, texture;
  std::optional<double> margin, eye_line, width, height, rotation, mix;
  std::optional<std::uint64_t> seed;
};

// For all but --view, --view-detector and --face-margin: a program that finds and crops faces itself has no
// use for the latter two.
void add_view_flags(CLI::App& app, ViewFlags& flags);
// These two: where the face is in pictures that somebody else has cropped.
void add_view_place_flags(CLI::App& app, ViewFlags& flags);

// What was given, on top of `base`. A headset setting without --view headset is an error, and so are
// --eye-line without lower, and settings out of range.
io::ViewOptions resolve_view(const ViewFlags& flags, const io::ViewOptions& base = {});

// One line for logs and messages: "headset, 2.3 x 0.6, #000000, on 50 % of the pictures (seed 0)".
std::string describe(const io::ViewOptions& view);

// Whether both show the same, wherever a texture lies.
bool same_view(const io::ViewOptions& one, io::ViewOptions other);

nlohmann::ordered_json to_json(const io::ViewOptions& view);
io::ViewOptions view_from_json(const nlohmann::ordered_json& json);

}  // namespace poster
