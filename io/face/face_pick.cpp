#include "io/face/face_pick.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

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

FaceBox face_from_yunet(std::span<const float, 15> row, const SearchScale& scale) {
  FaceBox face{scale.x(row[0]), scale.y(row[1]), scale.length(row[2]), scale.length(row[3])};
  // The person's right eye is usually on the image's left.
  Eyes eyes{{scale.x(row[4]), scale.y(row[5])}, {scale.x(row[6]), scale.y(row[7])}};
  if (eyes.right.x < eyes.left.x) std::swap(eyes.left, eyes.right);
  if (eyes.left.x < eyes.right.x) face.eyes = eyes;  // neither NaN nor on one spot
  return face;
}

}  // namespace poster::io
