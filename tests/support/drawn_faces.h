// Drawn faces of which is known where the eyes are.
#pragma once

#include <cstdint>

#include "io/face/face_box.h"
#include "io/image/image.h"
#include "io/sample_faces/renderer.h"

namespace poster::test {

struct DrawnFace {
  io::Image image;
  io::Point eyes_middle;  // pixels
  double roll = 0;        // radians, clockwise
};

// The expression goes round with the number.
inline DrawnFace drawn_face(std::uint64_t number, int size) {
  const auto expression = static_cast<faces::Expression>(number % faces::kExpressions);
  constexpr std::uint64_t kSeed = 11;
  const faces::FacePose pose = faces::draw_pose(kSeed, number, expression, 0);
  const faces::RgbBuffer pixels = faces::render_face(
      faces::draw_identity(kSeed, number), pose, faces::draw_action_units(kSeed, number, expression, 0),
      {size, false}, kSeed, number, faces::noise_key(expression, 0));
  DrawnFace drawn{io::Image(pixels.width, pixels.height), {pose.x * size, pose.y * size}, pose.roll};
  drawn.image.rgb = pixels.pixels;
  return drawn;
}

}  // namespace poster::test
