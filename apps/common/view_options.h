// The command line's part about the view: which part of a face a network sees (io/face/face_view.h). Shared
// by all programs that make views, so that they agree.
#pragma once

#include <string>

#include "io/face/face_view.h"
#include "io/face/view_record.h"
#include "io/format/given_settings.h"

namespace CLI {
class App;
}

namespace poster {

using GivenView = io::GivenSettings<io::ViewOptions>;

// For all but --view-detector and --face-margin: a program that finds and crops faces itself has no use for
// these. `otherwise`: which view there is without the option, for --help.
void add_view_flags(CLI::App& app, GivenView& given, const std::string& otherwise = "full");
// These two: where the face is in images that somebody else has cropped.
void add_view_place_flags(CLI::App& app, GivenView& given, const std::string& otherwise);

// What was given, on top of `base`. A headset setting without --view headset is an error, and so are
// --eye-line without lower, and settings out of range.
io::ViewOptions resolve_view(const GivenView& given, const io::ViewOptions& base = {});

}  // namespace poster
