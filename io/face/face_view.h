// What a camera below a VR headset, or one in front of it, sees of a face: its lower part, or a face with a
// box over the eyes.
//
// `headset` follows the geometric occlusion model of Houshmand and Khan, "Facial Expression Recognition Under
// Partial Occlusion from Virtual Reality Headsets based on Transfer Learning" (BigMM 2020): a filled
// rectangle, centred between the eyes and turned by their line, as wide as the face at the ears and 0.6 of
// that high.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "io/face/face_box.h"
#include "io/format/setting.h"
#include "io/image/image.h"

namespace poster::io {

enum class View { full, lower, headset };

// Throws poster::Error that lists full, lower and headset for any other name.
View view_by_name(const std::string& name);
const char* view_name(View view);

struct ViewOptions {
  View view = View::full;
  // Where the face is in the image when nobody says: found by this detector (io/face/face_finder.h;
  // ViewedDataset asks it), or, without one or where it finds none, inside the margin that the images were
  // cropped with.
  std::string detector = {};
  double margin = 0;

  // `lower`: everything from this share of the face box's height downwards, to the image's bottom.
  double eye_line = 0.5;

  // `headset`
  double headset_width = 2.3;   // in distances between the eyes: the face at the ears
  double headset_height = 0.6;  // of its width
  double headset_rotation = 0;  // degrees on top of the eyes' line, clockwise as seen
  Colour headset_colour = {0, 0, 0};
  // An image stretched over the box instead of the colour; with a checksum (16 hex digits), it must be that
  // one.
  std::string headset_texture = {}, headset_texture_checksum = {};
  double headset_mix = 1;  // the share of images that are painted; the others stay full
  std::uint64_t seed = 0;  // chooses them

  bool operator==(const ViewOptions&) const = default;
  static const SettingTable<ViewOptions>& table();
};

// Throws poster::Error when a setting is out of its range; `source` begins the message.
void check_view(const ViewOptions& options, const std::string& source);

// The key of an image, from CLASS/NAME, the last two parts of its path, without NAME's extension: the same
// in training from a folder as when poster_prepare wrote that folder, wherever it lies and whatever format it
// has.
std::uint64_t view_key(const std::string& path);

// The corners of the box that `headset` paints, clockwise as seen from the upper left one.
std::array<Point, 4> headset_corners(const FaceBox& face, const ViewOptions& options);

// Whether `headset` paints the image of this key: a fixed choice by (seed, key), the same in training,
// evaluation and preparation. With a smaller mix, the painted images are a part of those of a larger one.
bool is_painted(const ViewOptions& options, std::uint64_t key);

// Of a texture's pixels, as ViewOptions holds it. Throws poster::Error for a file that cannot be read.
std::string texture_checksum(const std::string& path);

// Makes views; for several threads at once.
class ViewMaker {
 public:
  // Checks the options and reads the texture. Throws poster::Error for a setting out of range, a texture that
  // cannot be read or has another checksum.
  explicit ViewMaker(const ViewOptions& options);

  // `face`: where it is in the image; without, face_within(margin). Throws poster::Error for an empty
  // image or a face that is not finite.
  Image apply(const Image& image, std::uint64_t key, const std::optional<FaceBox>& face = std::nullopt) const;

  const ViewOptions& options() const { return options_; }

 private:
  ViewOptions options_;
  std::shared_ptr<const Image> texture_;
};

// The same for a single image.
Image apply_view(const Image& image, const ViewOptions& options, std::uint64_t key,
                 const std::optional<FaceBox>& face = std::nullopt);

}  // namespace poster::io
