#include "apps/common/view_options.h"

#include <CLI/CLI.hpp>

#include "engine/error.h"

namespace poster {
namespace {

using io::View;
constexpr const char* kGroup = "View";

}  // namespace

void add_view_flags(CLI::App& app, ViewFlags& f, const std::string& otherwise) {
  app.add_option("--view", f.view,
                 "full; lower: what shows below a headset; headset: a box painted over the eyes (default: " +
                     otherwise + ")")
      ->check(CLI::IsMember({"full", "lower", "headset"}))
      ->group(kGroup);
  app.add_option("--eye-line", f.eye_line,
                 "lower: where to cut, as a share of the face's height from its top (default: 0.5)")
      ->group(kGroup);
  app.add_option("--headset-width", f.width,
                 "headset: its width in distances between the eyes (default: 2.3, the face at the ears)")
      ->group(kGroup);
  app.add_option("--headset-height", f.height, "headset: its height as a share of its width (default: 0.6)")
      ->group(kGroup);
  app.add_option("--headset-rotation", f.rotation,
                 "headset: degrees clockwise on top of the line between the eyes (default: 0)")
      ->group(kGroup);
  app.add_option("--headset-colour", f.colour, "headset: its colour, as in #202020 (default: black)")
      ->group(kGroup);
  app.add_option("--headset-texture", f.texture, "headset: a picture to stretch over it instead")
      ->group(kGroup);
  app.add_option(
         "--headset-mix", f.mix,
         "headset: the share of pictures that get one, chosen by their names, also in evaluation; the "
         "others stay full (default: 1)")
      ->group(kGroup);
  app.add_option("--headset-seed", f.seed, "headset: another seed chooses other pictures (default: 0)")
      ->group(kGroup);
}

void add_view_place_flags(CLI::App& app, ViewFlags& f, const std::string& otherwise) {
  app.add_option("--face-margin", f.margin,
                 "margin about the face that the pictures were cropped with, as a share of its longer side "
                 "(default: " +
                     otherwise + ")")
      ->group(kGroup);
  app.add_option("--view-detector", f.detector,
                 "find face and eyes in each picture: cascade, or a YuNet model.onnx; \"\": where a cropped "
                 "face has them (default)")
      ->group(kGroup);
}

io::ViewOptions resolve_view(const ViewFlags& f, const io::ViewOptions& base) {
  io::ViewOptions v = base;
  if (f.view && io::view_by_name(*f.view) != base.view) {
    v = {};
    v.view = io::view_by_name(*f.view);
    if (v.view != View::full) {
      v.detector = base.detector;
      v.margin = base.margin;
    }
  }
  const auto take = [&](auto& value, const auto& given, const char* flag, std::optional<View> needs) {
    if (!given) return;
    if (needs ? v.view != *needs : v.view == View::full)
      throw Error(std::string(flag) + " has no effect on --view " + io::view_name(v.view) + "; " +
                  (needs ? std::string("give --view ") + io::view_name(*needs)
                         : std::string("give --view lower or headset")) +
                  ", or leave it out");
    value = *given;
  };
  std::optional<std::array<std::uint8_t, 3>> colour;
  if (f.colour) colour = io::parse_colour(*f.colour);
  take(v.detector, f.detector, "--view-detector", std::nullopt);
  take(v.margin, f.margin, "--face-margin", std::nullopt);
  take(v.eye_line, f.eye_line, "--eye-line", View::lower);
  take(v.headset_width, f.width, "--headset-width", View::headset);
  take(v.headset_height, f.height, "--headset-height", View::headset);
  take(v.headset_rotation, f.rotation, "--headset-rotation", View::headset);
  take(v.headset_colour, colour, "--headset-colour", View::headset);
  take(v.headset_texture, f.texture, "--headset-texture", View::headset);
  take(v.headset_mix, f.mix, "--headset-mix", View::headset);
  take(v.seed, f.seed, "--headset-seed", View::headset);
  if (f.colour && !v.headset_texture.empty())
    throw Error("--headset-colour: there is a texture, " + v.headset_texture +
                "; give one of the two, or --headset-texture \"\"");
  if (v.headset_texture.empty())
    v.headset_texture_checksum.clear();
  else if (f.texture)
    v.headset_texture_checksum = io::texture_checksum(v.headset_texture);
  check_view(v, "--view");
  return v;
}

}  // namespace poster
