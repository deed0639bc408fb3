#include "io/face/face_crop.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "engine/error.h"
#include "io/codec/image_reader.h"
#include "io/image/resize.h"

namespace poster::io {
namespace {

constexpr double kMinMargin = -0.4, kMaxMargin = 4;

std::string text(const FaceBox& box) {
  return "the face box " + std::to_string(box.left) + ", " + std::to_string(box.top) + ", " +
         std::to_string(box.width) + " x " + std::to_string(box.height);
}

void check_crop(const Image& image, const FaceBox& box, const CropOptions& options) {
  if (image.width < 1 || image.height < 1) throw Error("an empty image cannot be cropped; leave it out");
  if (!(options.margin >= kMinMargin && options.margin <= kMaxMargin))
    throw Error("the margin of a face crop is " + std::to_string(options.margin) +
                "; it must lie in -0.4 to 4");
  if (!std::isfinite(box.left + box.top + box.width + box.height) || !(box.width > 0) || !(box.height > 0))
    throw Error(text(box) + " is empty; give left, top, width and height in pixels");
  if (box.left >= image.width || box.top >= image.height || box.left + box.width <= 0 ||
      box.top + box.height <= 0)
    throw Error(text(box) + " lies outside its image of " + std::to_string(image.width) + " x " +
                std::to_string(image.height) +
                "; is it meant for another one, or for one before EXIF rotation?");
}

// First pixel and number of pixels of one direction.
struct Range {
  int first = 0, count = 0;
};

Range range_of(double middle, double length) {
  if (!(length <= kMaxImageSide) || !(std::abs(middle) <= 2.0 * kMaxImageSide))
    throw Error("a face crop of " + std::to_string(length) + " pixels is larger than the " +
                std::to_string(kMaxImageSide) + " allowed; use a smaller margin");
  const int count = std::max(1, static_cast<int>(std::lround(length)));
  return {static_cast<int>(std::lround(middle - count / 2.0)), count};
}

}  // namespace

FaceCrop crop_face(const Image& image, const FaceBox& box, const CropOptions& options) {
  check_crop(image, box, options);
  const double longer = std::max(box.width, box.height), grown = 2 * options.margin * longer;
  const Range x = range_of(box.left + box.width / 2, (options.square ? longer : box.width) + grown);
  const Range y = range_of(box.top + box.height / 2, (options.square ? longer : box.height) + grown);
  if (std::int64_t{x.count} * y.count > kMaxImagePixels)
    throw Error("a face crop of " + std::to_string(x.count) + " x " + std::to_string(y.count) +
                " pixels is larger than allowed; use a smaller margin");

  FaceCrop crop{Image(x.count, y.count), box};
  for (int row = 0; row < y.count; ++row) {
    const std::uint8_t* source = image.row(std::clamp(y.first + row, 0, image.height - 1));
    std::uint8_t* target = crop.image.row(row);
    for (int column = 0; column < x.count; ++column, target += 3)
      std::memcpy(target, source + std::ptrdiff_t{3} * std::clamp(x.first + column, 0, image.width - 1), 3);
  }
  crop.face.left -= x.first;
  crop.face.top -= y.first;
  if (crop.face.eyes)
    for (Point* eye : {&crop.face.eyes->left, &crop.face.eyes->right}) {
      eye->x -= x.first;
      eye->y -= y.first;
    }
  return crop;
}

FaceCrop whole_image(const Image& image) { return {image, face_within(image.width, image.height, 0)}; }

FaceCrop reduced(FaceCrop crop, int size) {
  if (size <= 0 || std::min(crop.image.width, crop.image.height) <= size) return crop;
  Image smaller = resize_short_side(crop.image, size);
  const double x = static_cast<double>(smaller.width) / crop.image.width,
               y = static_cast<double>(smaller.height) / crop.image.height;
  crop.face = {crop.face.left * x, crop.face.top * y, crop.face.width * x, crop.face.height * y,
               crop.face.eyes};
  if (crop.face.eyes)
    for (Point* eye : {&crop.face.eyes->left, &crop.face.eyes->right}) *eye = {eye->x * x, eye->y * y};
  crop.image = std::move(smaller);
  return crop;
}

FaceBox face_within(int width, int height, double margin) {
  const double share = 1 / (1 + 2 * margin);
  return {width * (1 - share) / 2, height * (1 - share) / 2, width * share, height * share};
}

}  // namespace poster::io
