#include "apps/common/view_options.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "engine/error.h"

namespace poster {
namespace {

using io::View;
using json = nlohmann::ordered_json;

constexpr const char* kGroup = "View";

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

// Settings that a view has no use for are left out of files, so that equal views are equal files.
template <typename V, typename F>
void for_each_member(V& v, F&& f) {
  if (v.view == View::full) return;
  f("detector", v.detector);
  f("margin", v.margin);
  if (v.view == View::lower) f("eye_line", v.eye_line);
  if (v.view != View::headset) return;
  f("headset_width", v.headset_width);
  f("headset_height", v.headset_height);
  f("headset_rotation", v.headset_rotation);
  f("headset_colour", v.headset_colour);
  f("headset_texture", v.headset_texture);
  f("headset_texture_checksum", v.headset_texture_checksum);
  f("headset_mix", v.headset_mix);
  f("seed", v.seed);
}

}  // namespace

void add_view_flags(CLI::App& app, ViewFlags& f) {
  app.add_option("--view", f.view,
                 "full (default); lower: what shows below a headset; headset: a box painted over the eyes")
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

void add_view_place_flags(CLI::App& app, ViewFlags& f) {
  app.add_option("--face-margin", f.margin,
                 "margin about the face that the pictures were cropped with, as a share of its longer side "
                 "(default: 0)")
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

std::string describe(const io::ViewOptions& v) {
  std::string text = io::view_name(v.view);
  if (v.view == View::full) return text;
  if (v.view == View::lower) text += ", from " + number(v.eye_line) + " of the face's height on";
  if (v.view == View::headset) {
    text += ", " + number(v.headset_width) + " x " + number(v.headset_height) + ", " +
            (v.headset_texture.empty() ? io::colour_text(v.headset_colour) : v.headset_texture);
    if (v.headset_rotation != 0) text += ", turned by " + number(v.headset_rotation) + " degrees";
    if (v.headset_mix < 1)
      text +=
          ", on " + number(100 * v.headset_mix) + " % of the pictures (seed " + std::to_string(v.seed) + ")";
  }
  if (v.margin > 0) text += ", margin " + number(v.margin);
  if (!v.detector.empty()) text += ", face found by " + v.detector;
  return text;
}

json to_json(const io::ViewOptions& view) {
  json j = {{"view", io::view_name(view.view)}};
  for_each_member(view, [&](const char* key, const auto& value) { j[key] = value; });
  return j;
}

bool same_view(const io::ViewOptions& one, io::ViewOptions other) {
  // The same texture may lie elsewhere now.
  if (one.headset_texture_checksum == other.headset_texture_checksum)
    other.headset_texture = one.headset_texture;
  return one == other;
}

io::ViewOptions view_from_json(const json& j) {
  io::ViewOptions view;
  view.view = io::view_by_name(j.at("view").get<std::string>());
  for_each_member(view, [&](const char* key, auto& value) { j.at(key).get_to(value); });
  return view;
}

}  // namespace poster
