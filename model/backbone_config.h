// The sizes of the two backbones, and how they hand their maps on. The defaults are the reference's.
#pragma once

#include <array>
#include <functional>

#include "engine/tensor.h"

namespace poster {

// Both backbones of every network see the image at this size: those that are published were trained on
// aligned faces of 112 x 112.
inline constexpr index_t kInputSide = 112;

struct MobileFaceNetConfig {
  std::array<index_t, 3> widths{64, 128, 512};  // of face1 (also the stem), face2, face3
  std::array<int, 3> residuals{4, 6, 2};        // blocks in conv_3, conv_4, conv_5
  bool dead_output_layer = true;                // carry the reference's unused tensors along
};

struct Ir50Config {
  index_t stem = 64;
  std::array<index_t, 3> widths{64, 128, 256};  // of body1, body2, body3
  std::array<int, 3> units{3, 4, 14};
  bool dead_output_layer = true;
  bool one_list = false;  // units named body.0, body.1, … in a single list; else body1.0 to body3.13
};

// Told of each of a backbone's three maps as soon as the queue will have it.
template <typename T>
using MapReady = std::function<void(int level, const Tensor<T>& map)>;

}  // namespace poster
