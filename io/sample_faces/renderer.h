// Draws a parametric face as an image: background, head, expression, then light, blur and sensor noise. The
// same arguments give the same bytes with the same versions of Cairo and the C library.
#pragma once

#include <cstdint>
#include <vector>

#include "io/sample_faces/parameters.h"

namespace poster::faces {

struct RgbBuffer {
  int width = 0, height = 0;
  std::vector<std::uint8_t> pixels;  // height x width x 3: red, green, blue; rows without padding
};

struct FaceView {
  int size = 224;           // side of the whole image in pixels, at least 32
  bool lower_half = false;  // size / 2 rows (rounded down) from just under the lower eye on
};

// noise: keys the sensor noise's stream (noise_key()). Throws poster::Error where size is too small or Cairo
// fails.
RgbBuffer render_face(const FaceIdentity& face, const FacePose& pose, const ActionUnits& units,
                      const FaceView& view, std::uint64_t seed, std::uint64_t identity, std::uint64_t noise);

}  // namespace poster::faces
