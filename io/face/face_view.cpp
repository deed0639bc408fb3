#include "io/face/face_view.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <numbers>

#include "engine/error.h"
#include "engine/random.h"
#include "io/codec/image_reader.h"
#include "io/face/face_crop.h"
#include "io/face/headset.h"
#include "io/format/setting_record.h"

namespace poster::io {
namespace {

bool is_finite(const FaceBox& face) {
  const Eyes eyes = eyes_of(face);
  return std::isfinite(face.left + face.top + face.width + face.height) &&
         std::isfinite(eyes.left.x + eyes.left.y + eyes.right.x + eyes.right.y);
}

constexpr std::array<const char*, 3> kViewNames = {"full", "lower", "headset"};

Image lower_part(const Image& image, const FaceBox& face, double eye_line) {
  const double cut = std::round(face.top + eye_line * face.height);
  const int top = static_cast<int>(std::clamp(cut, 0.0, image.height - 1.0));
  Image lower(image.width, image.height - top);
  std::memcpy(lower.rgb.data(), image.row(top), lower.rgb.size());
  return lower;
}

}  // namespace

View view_by_name(const std::string& name) {
  for (std::size_t i = 0; i < kViewNames.size(); ++i)
    if (name == kViewNames[i]) return static_cast<View>(i);
  throw Error("no view is called '" + name + "'; choose one of full, lower, headset");
}

const char* view_name(View view) { return kViewNames[static_cast<std::size_t>(view)]; }

void check_view(const ViewOptions& options, const std::string& source) {
  try {
    check_settings(options);
  } catch (const Error& error) {
    throw Error(source + ": " + error.what());
  }
}

std::uint64_t view_key(const std::string& path) {
  const std::filesystem::path parts(path);
  return hash_name(parts.parent_path().filename().string() + "/" + parts.stem().string());
}

bool is_painted(const ViewOptions& options, std::uint64_t key) {
  return RandomStream(options.seed, RandomPurpose::headset, key).uniform_double() < options.headset_mix;
}

std::array<Point, 4> headset_corners(const FaceBox& face, const ViewOptions& options) {
  const Eyes eyes = eyes_of(face);
  const double dx = eyes.right.x - eyes.left.x, dy = eyes.right.y - eyes.left.y;
  const double angle = std::atan2(dy, dx) + options.headset_rotation * std::numbers::pi / 180;
  const double reach = std::hypot(dx, dy) * options.headset_width / 2, drop = reach * options.headset_height;
  const Point middle{(eyes.left.x + eyes.right.x) / 2, (eyes.left.y + eyes.right.y) / 2};
  const auto corner = [&](double x, double y) {
    return Point{middle.x + x * std::cos(angle) - y * std::sin(angle),
                 middle.y + x * std::sin(angle) + y * std::cos(angle)};
  };
  return {corner(-reach, -drop), corner(reach, -drop), corner(reach, drop), corner(-reach, drop)};
}

std::string texture_checksum(const std::string& path) {
  const Image texture = read_image(path);
  char text[17];
  std::snprintf(text, sizeof text, "%016llx",
                static_cast<unsigned long long>(
                    hash_name({reinterpret_cast<const char*>(texture.rgb.data()), texture.rgb.size()})));
  return text;
}

ViewMaker::ViewMaker(const ViewOptions& options) : options_(options) {
  check_view(options_, "the view's settings");
  if (options_.view != View::headset || options_.headset_texture.empty()) return;
  texture_ = std::make_shared<const Image>(read_image(options_.headset_texture));
  if (!options_.headset_texture_checksum.empty() &&
      texture_checksum(options_.headset_texture) != options_.headset_texture_checksum)
    throw Error(
        options_.headset_texture +
        ": not the headset texture that the network was trained with; put that file back, or name it with --headset-texture");
}

Image ViewMaker::apply(const Image& image, std::uint64_t key, const std::optional<FaceBox>& face) const {
  if (image.width < 1 || image.height < 1) throw Error("an empty image has no view; leave it out");
  const FaceBox box = face.value_or(face_within(image.width, image.height, options_.margin));
  if (!is_finite(box)) throw Error("the face box or an eye is not a number; give pixels, or no box");
  if (options_.view == View::lower) return lower_part(image, box, options_.eye_line);
  Image result = image;
  if (options_.view == View::headset && is_painted(options_, key))
    paint_headset(result, headset_corners(box, options_), options_.headset_colour, texture_.get());
  return result;
}

Image apply_view(const Image& image, const ViewOptions& options, std::uint64_t key,
                 const std::optional<FaceBox>& face) {
  return ViewMaker(options).apply(image, key, face);
}

}  // namespace poster::io
