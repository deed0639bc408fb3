#include "io/face/view_record.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "io/format/setting_record.h"
#include "io/format/setting_value.h"

namespace poster::io {
namespace {

using json = nlohmann::ordered_json;

std::string figure(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

}  // namespace

json to_json(const ViewOptions& view) {
  json record;
  write_settings(view, record);
  return record;
}

ViewOptions view_from_json(const json& record) { return read_settings<ViewOptions>(record); }

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
          ", on " + figure(100 * v.headset_mix) + " % of the images (seed " + std::to_string(v.seed) + ")";
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
