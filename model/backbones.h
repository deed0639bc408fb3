// What the networks share around their two backbones: the image at the size that both see, and frozen ones
// that run once for two passes.
#pragma once

#include <array>
#include <utility>

#include "engine/context.h"
#include "kernels/resample/resample.h"
#include "model/network.h"

namespace poster {

// [batch, h, w, 3] to [batch, side, side, 3] by nearest neighbour.
template <typename T>
Tensor<T> resize_images(Context<T>& c, const Tensor<T>& images, index_t side) {
  const Shape& s = images.shape();
  if (s[1] == side && s[2] == side) return images;
  Tensor<T> y = c.tensor({s[0], side, side, s[3]});
  c.run(kernels::NearestResize<T>{.y = y.data(),
                                  .x = images.data(),
                                  .batch = s[0],
                                  .height = s[1],
                                  .width = s[2],
                                  .channels = s[3],
                                  .out_height = side,
                                  .out_width = side});
  return y;
}

inline Role role_of(bool frozen) { return frozen ? Role::frozen : Role::trained; }

// The maps of a backbone. A frozen one runs once for two passes that see the same batch. `ready` is told of
// each map when it is there.
template <typename T, typename Backbone>
std::array<Tensor<T>, 3> maps_of(Context<T>& c, Backbone& backbone, const Tensor<T>& x, bool is_frozen,
                                 FrozenFeatures frozen, std::array<Tensor<T>, 3>& kept,
                                 const MapReady<T>& ready = {}) {
  if (!is_frozen) return backbone.forward(c, x, ready);
  if (frozen == FrozenFeatures::reuse) {
    auto maps = std::exchange(kept, {});
    for (int i = 0; ready && i < 3; ++i) ready(i, maps[i]);
    return maps;
  }
  const bool keep = frozen == FrozenFeatures::compute_and_keep;
  Context<T> once = c;  // for both passes
  if (keep) once.pass.statistics_updates = 2;
  auto maps = backbone.forward(once, x, ready);
  if (keep) kept = maps;
  return maps;
}

}  // namespace poster
