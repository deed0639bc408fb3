#include "io/prepare/run_settings.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "engine/error.h"
#include "io/face/face_view.h"
#include "io/format/setting_value.h"

namespace poster::prepare {
namespace {

constexpr double kDefaultMargin = 0.1;
constexpr int kDefaultSize = 448;  // twice what the network sees: cut-outs of camera images are far larger

Faces faces_for(const SourceSet& set, const std::vector<Item>& items) {
  const bool boxes = std::ranges::any_of(items, [](const Item& item) { return item.box.has_value(); });
  switch (set.faces) {
    case FaceDefault::none:
      return Faces::none;
    case FaceDefault::set:
      return boxes ? Faces::set : Faces::none;
    case FaceDefault::set_or_detect:
      return boxes ? Faces::set_or_detect : Faces::detect;
    case FaceDefault::detect:
      break;
  }
  return Faces::detect;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

}  // namespace

const char* name_of(Faces faces) {
  constexpr std::array names = {"none", "set", "detect", "set, or detect"};
  return names[static_cast<std::size_t>(faces)];
}

PrepareOptions resolved(const PrepareOptions& options, const SourceSet& set, const std::vector<Item>& items) {
  PrepareOptions result = options;
  result.image.faces = options.faces.value_or(faces_for(set, items));
  if (result.image.faces == Faces::set &&
      std::ranges::none_of(items, [](const Item& item) { return item.box.has_value(); }))
    throw Error("--faces: set " + set.name +
                " tells no boxes here; find faces with --faces detect, or take whole images with none");
  if (options.margin < 0) result.margin = result.image.faces == Faces::none ? 0 : kDefaultMargin;
  result.image.crop.margin = result.margin;
  result.view.margin = result.margin;
  result.split.keep_given = options.keep_split.value_or(set.own_split);
  if (options.keep_split == true &&
      std::ranges::none_of(items, [](const Item& item) { return item.split.has_value(); }))
    throw Error("--split: the set comes without a split; leave it out, or give new");
  if (options.image.size == -1) result.image.size = result.image.faces == Faces::none ? 0 : kDefaultSize;
  if (options.image.size < -1 || options.image.size > 16384)
    throw Error("--size: " + std::to_string(options.image.size) +
                " is out of range; give 0 (as they are) to 16384 pixels");
  if (!(options.image.min_face >= 1))
    throw Error("--min-face: " + number(options.image.min_face) + " is out of range; give 1 pixel or more");
  if (options.split.similar_bits < -1 || options.split.similar_bits > kMaxHashBits)
    throw Error("--similar: " + std::to_string(options.split.similar_bits) + " is out of range; give 0 to " +
                std::to_string(kMaxHashBits) + " bits, or -1 to look for no near-duplicates");
  if (options.threads < 0) throw Error("--threads: give 0 (one per core) or more");
  io::check_view(result.view, "--view");
  return result;
}

Settings settings_of(const PrepareOptions& options, const ClassMap& map, const Plan& plan) {
  const ImageOptions& image = options.image;
  const io::ViewOptions& view = options.view;
  constexpr std::array rules = {"folder", "vote", "unanimous"};
  constexpr std::array no_face = {"skip", "whole", "fail"};
  constexpr std::array formats = {"auto", "jpg", "png"};
  Settings settings = {
      {"layout", "1"},  // of .prepare and of the names in the tree: another one is no continuation
      {"SET", options.set},
      {"--map", map.text()},
      {"--label", rules[static_cast<std::size_t>(options.source.label)]},
      {"--poses", options.source.poses},
      {"--person", options.source.person_pattern},
      {"--encoding", options.encoding},
      {"--faces", name_of(image.faces)},
  };
  const bool detects = image.faces == Faces::detect || image.faces == Faces::set_or_detect;
  settings.emplace_back("--detector", detects ? image.detector : "");
  settings.emplace_back("--margin", number(options.margin));
  settings.emplace_back("--crop", image.crop.square ? "square" : "free");
  settings.emplace_back("--min-face", number(image.min_face));
  settings.emplace_back("--on-no-face", no_face[static_cast<std::size_t>(image.on_no_face)]);
  settings.emplace_back("--size", std::to_string(image.size));
  settings.emplace_back("--format", formats[static_cast<std::size_t>(image.format)]);
  settings.emplace_back("--view", io::view_name(view.view));
  if (view.view == io::View::lower) settings.emplace_back("--eye-line", number(view.eye_line));
  if (view.view == io::View::headset) {
    settings.emplace_back("--headset-width", number(view.headset_width));
    settings.emplace_back("--headset-height", number(view.headset_height));
    settings.emplace_back("--headset-rotation", number(view.headset_rotation));
    settings.emplace_back("--headset-colour", io::colour_text(view.headset_colour));
    settings.emplace_back("--headset-texture", view.headset_texture);
    settings.emplace_back("--headset-mix", number(view.headset_mix));
    settings.emplace_back("--headset-seed", std::to_string(view.seed));
  }
  const SplitOptions& split = options.split;
  settings.emplace_back("--split", split.keep_given ? "set" : "new");
  settings.emplace_back(
      "--ratios", number(split.ratios[0]) + "," + number(split.ratios[1]) + "," + number(split.ratios[2]));
  settings.emplace_back("--seed", std::to_string(split.seed));
  settings.emplace_back("--similar", std::to_string(split.similar_bits));
  settings.emplace_back("--allow-person-overlap", split.allow_person_overlap ? "yes" : "no");
  settings.emplace_back("--in (number of images)", std::to_string(plan.items.size()));
  settings.emplace_back("--in (hash of the listing)", plan.input_hash);
  return settings;
}

}  // namespace poster::prepare
