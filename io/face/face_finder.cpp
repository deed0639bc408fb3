#include "io/face/face_finder.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <tuple>

#include "engine/error.h"
#include "io/face/face_finders.h"

namespace poster::io {
namespace {

// What a pair of eyes may look like, in shares of the face box's width: wide enough for turned and tilted
// heads, too narrow for an eye and a nostril.
constexpr double kNearestEyes = 0.28, kFurthestEyes = 0.56;
constexpr double kSteepest = 0.5;  // tangent of the eyes' line
constexpr double kOffMiddle = 0.15, kOffRow = 0.12;
constexpr double kUnlike = 2;  // ratio of their sizes

Point middle_of(const FaceBox& box) { return {box.left + box.width / 2, box.top + box.height / 2}; }

}  // namespace

std::unique_ptr<FaceFinder> make_face_finder(const std::string& detector) {
  if (detector == "cascade") return make_cascade_finder();
  if (detector.ends_with(".onnx")) return make_yunet_finder(detector);
  throw Error("no face detector is called '" + detector +
              "'; give cascade, or the path of a YuNet model that ends in .onnx");
}

ChosenFace choose_face(const std::vector<FaceBox>& faces, double min_side) {
  const auto tiny = [&](const FaceBox& face) { return std::min(face.width, face.height) < min_side; };
  const auto large = std::ranges::find_if_not(faces, tiny);
  if (large == faces.end()) return {faces.empty() ? FaceRule::none : FaceRule::tiny, {}};
  const auto count = faces.size() - static_cast<std::size_t>(std::ranges::count_if(faces, tiny));
  return {count == 1 ? FaceRule::one : FaceRule::several, *large};
}

SearchPicture search_picture(const Image& image, int conversion, int longest, double border) {
  if (image.width < 1 || image.height < 1) throw Error("an empty picture reached a face detector");
  // OpenCV has no view of constant pixels; these are only read.
  const cv::Mat rgb(image.height, image.width, CV_8UC3, const_cast<std::uint8_t*>(image.rgb.data()));
  const int side = std::max(image.width, image.height);
  SearchPicture result;
  result.scale = std::min(1.0, static_cast<double>(longest) / side);
  cv::cvtColor(rgb, result.pixels, conversion);
  if (result.scale < 1) {
    const auto scaled = [&](int length) {
      return std::max(1, static_cast<int>(std::lround(length * result.scale)));
    };
    cv::resize(result.pixels, result.pixels, {scaled(image.width), scaled(image.height)}, 0, 0,
               cv::INTER_AREA);
  }
  result.border = static_cast<int>(std::lround(border * std::max(result.pixels.cols, result.pixels.rows)));
  if (result.border > 0)
    cv::copyMakeBorder(result.pixels, result.pixels, result.border, result.border, result.border,
                       result.border, cv::BORDER_REPLICATE);
  return result;
}

void sort_faces(std::vector<FaceBox>& faces) {
  std::ranges::sort(faces, {}, [](const FaceBox& face) {
    return std::make_tuple(-face.width * face.height, face.top, face.left, face.width);
  });
}

std::optional<Eyes> choose_eyes(const FaceBox& face, std::span<const FaceBox> found) {
  std::optional<Eyes> best;
  double best_cost = 0;
  const Point expected{face.left + face.width / 2, face.top + face.height * kEyeRow};
  for (const FaceBox& one : found)
    for (const FaceBox& other : found) {
      const Point left = middle_of(one), right = middle_of(other);
      const double dx = right.x - left.x, dy = right.y - left.y, distance = std::hypot(dx, dy) / face.width;
      const double off_middle = std::abs((left.x + right.x) / 2 - expected.x) / face.width;
      const double off_row = std::abs((left.y + right.y) / 2 - expected.y) / face.height;
      const double likeness = std::max(one.width, other.width) / std::min(one.width, other.width);
      if (dx <= 0 || std::abs(dy) > kSteepest * dx || distance < kNearestEyes || distance > kFurthestEyes ||
          off_middle > kOffMiddle || off_row > kOffRow || likeness > kUnlike)
        continue;
      const double cost = std::abs(distance - kEyeDistance) + off_middle + off_row + std::abs(dy) / dx / 2 +
                          (likeness - 1) / 4;
      if (best && cost >= best_cost) continue;
      best = Eyes{left, right};
      best_cost = cost;
    }
  return best;
}

}  // namespace poster::io
