#include "io/face/view_record.h"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace poster::io {
namespace {

using json = nlohmann::ordered_json;

std::string figure(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

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

json to_json(const ViewOptions& view) {
  json j = {{"view", view_name(view.view)}};
  for_each_member(view, [&](const char* key, const auto& value) { j[key] = value; });
  return j;
}

ViewOptions view_from_json(const json& j) {
  ViewOptions view;
  view.view = view_by_name(j.at("view").get<std::string>());
  for_each_member(view, [&](const char* key, auto& value) { j.at(key).get_to(value); });
  return view;
}

std::string describe(const ViewOptions& v) {
  std::string text = view_name(v.view);
  if (v.view == View::full) return text;
  if (v.view == View::lower) text += ", from " + figure(v.eye_line) + " of the face's height on";
  if (v.view == View::headset) {
    text += ", " + figure(v.headset_width) + " x " + figure(v.headset_height) + ", " +
            (v.headset_texture.empty() ? colour_text(v.headset_colour) : v.headset_texture);
    if (v.headset_rotation != 0) text += ", turned by " + figure(v.headset_rotation) + " degrees";
    if (v.headset_mix < 1)
      text +=
          ", on " + figure(100 * v.headset_mix) + " % of the pictures (seed " + std::to_string(v.seed) + ")";
  }
  if (v.margin > 0) text += ", margin " + figure(v.margin);
  if (!v.detector.empty()) text += ", face found by " + v.detector;
  return text;
}

bool same_view(const ViewOptions& one, ViewOptions other) {
  // The same texture may lie elsewhere now.
  if (one.headset_texture_checksum == other.headset_texture_checksum)
    other.headset_texture = one.headset_texture;
  return one == other;
}

bool same_look(ViewOptions one, ViewOptions other) {
  for (ViewOptions* view : {&one, &other}) {
    view->detector.clear();
    view->margin = 0;
  }
  return same_view(one, other);
}

}  // namespace poster::io
