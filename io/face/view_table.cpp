// The settings of a view, in the order of its record.
#include "io/face/face_view.h"
#include "io/format/setting.h"

namespace poster::io {
namespace {

std::function<bool(const ViewOptions&)> by(View view) {
  return [view](const ViewOptions& options) { return options.view == view; };
}
bool not_full(const ViewOptions& options) { return options.view != View::full; }

SettingTable<ViewOptions> make_table() {
  using V = ViewOptions;
  const auto headset = by(View::headset);
  SettingTable<V> table = {
      named_setting(&V::view, view_name, view_by_name,
                    {.key = "view",
                     .flag = "--view",
                     .help = "full; lower: what shows below a headset; headset: a box painted over the eyes",
                     .choices = {"full", "lower", "headset"}}),
      setting(
          &V::detector,
          {.key = "detector",
           .flag = "--view-detector",
           .help =
               "find face and eyes in each image: cascade, or a YuNet model.onnx; \"\": where a cropped face has them (default)"},
          not_full),
      setting(
          &V::margin,
          {.key = "margin",
           .flag = "--face-margin",
           .help = "margin about the face that the images were cropped with, as a share of its longer side",
           .range = {.low = 0, .high = 4}},
          not_full),
      setting(&V::eye_line,
              {.key = "eye_line",
               .flag = "--eye-line",
               .help = "lower: where to cut, as a share of the face's height from its top (default: 0.5)",
               .range = {.low = 0, .high = 0.95}},
              by(View::lower)),
      setting(
          &V::headset_width,
          {.key = "headset_width",
           .flag = "--headset-width",
           .help = "headset: its width in distances between the eyes (default: 2.3, the face at the ears)",
           .range = {.low = 0.1, .high = 10}},
          headset),
      setting(&V::headset_height,
              {.key = "headset_height",
               .flag = "--headset-height",
               .help = "headset: its height as a share of its width (default: 0.6)",
               .range = {.low = 0.05, .high = 5}},
              headset),
      setting(&V::headset_rotation,
              {.key = "headset_rotation",
               .flag = "--headset-rotation",
               .help = "headset: degrees clockwise on top of the line between the eyes (default: 0)",
               .range = {.low = -180, .high = 180}},
              headset),
      setting(&V::headset_colour,
              {.key = "headset_colour",
               .flag = "--headset-colour",
               .help = "headset: its colour, as in #202020 (default: black)"},
              headset),
      setting(&V::headset_texture,
              {.key = "headset_texture",
               .flag = "--headset-texture",
               .help = "headset: an image to stretch over it instead"},
              headset),
      // Of the texture's pixels, found when the image is given.
      setting(&V::headset_texture_checksum, {.key = "headset_texture_checksum"}, headset),
      setting(
          &V::headset_mix,
          {.key = "headset_mix",
           .flag = "--headset-mix",
           .help =
               "headset: the share of images that get one, chosen by their names, also in evaluation; the others stay full (default: 1)",
           .range = {.low = 0, .high = 1}},
          headset),
      setting(&V::seed,
              {.key = "seed",
               .flag = "--headset-seed",
               .help = "headset: another seed chooses other images (default: 0)",
               .range = {.low = 0}},
              headset),
  };
  for (Setting<V>& row : table) {
    row.group = "View";
    row.on_resume = OnResume::record;  // compared as a whole where a run goes on (same_view)
  }
  return table;
}

}  // namespace

const SettingTable<ViewOptions>& ViewOptions::table() {
  static const SettingTable<ViewOptions> table = make_table();
  return table;
}

}  // namespace poster::io
