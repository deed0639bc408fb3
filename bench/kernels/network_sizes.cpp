#include "bench/kernels/network_sizes.h"

#include <algorithm>

namespace poster::bench {
namespace {

template <typename Sizes>
void add_once(std::vector<Sizes>& list, const Sizes& sizes) {
  if (std::find(list.begin(), list.end(), sizes) == list.end()) list.push_back(sizes);
}

}  // namespace

// As model/ir50.cpp builds it.
void NetworkSizes::add_ir50(const PosterV2Config& config) {
  const Ir50Config& image = config.image;
  index_t side = config.side, in = image.stem;
  convolutions.push_back(
      {.side = side, .in = 3, .out = in, .kernel = 3, .stride = 1, .input_gradient = false});
  batch_norms.push_back({.side = side, .channels = in, .prelu = true});
  for (std::size_t body = 0; body < 3; ++body)
    for (int unit = 0; unit < image.units[body]; ++unit) {
      const index_t depth = image.widths[body], stride = unit == 0 ? 2 : 1;
      if (in != depth) {
        add_once(convolutions, {.side = side, .in = in, .out = depth, .kernel = 1, .stride = stride});
        add_once(batch_norms, {.side = side / stride, .channels = depth});
      }
      add_once(batch_norms, {.side = side, .channels = in});
      add_once(convolutions, {.side = side, .in = in, .out = depth, .kernel = 3, .stride = 1});
      add_once(prelus, {.side = side, .channels = depth});
      add_once(convolutions, {.side = side, .in = depth, .out = depth, .kernel = 3, .stride = stride});
      add_once(batch_norms, {.side = side / stride, .channels = depth, .residual = true});
      add_once(sums, {.side = side, .channels = in});
      side /= stride;
      in = depth;
    }
}

// As model/mobile_face_net.cpp builds it; frozen.
void NetworkSizes::add_landmarks(const PosterV2Config& config) {
  const MobileFaceNetConfig& face = config.landmarks;
  const auto dense = [&](index_t side, index_t in, index_t out, index_t kernel, index_t stride, bool linear,
                         bool residual) {
    add_once(convolutions,
             {.side = side, .in = in, .out = out, .kernel = kernel, .stride = stride, .trained = false});
    add_once(
        batch_norms,
        {.side = side / stride, .channels = out, .prelu = !linear, .residual = residual, .trained = false});
  };
  const auto by_channel = [&](index_t side, index_t channels, index_t stride) {
    add_once(depthwise, {.side = side, .channels = channels, .stride = stride});
    add_once(batch_norms, {.side = side / stride, .channels = channels, .prelu = true, .trained = false});
  };
  const auto block = [&](index_t side, index_t in, index_t out, index_t groups, index_t stride) {
    dense(side, in, groups, 1, 1, false, false);
    by_channel(side, groups, stride);
    dense(side / stride, groups, out, 1, 1, true, stride == 1);
  };
  const index_t c1 = face.widths[0], c2 = face.widths[1];
  index_t side = config.side;
  dense(side, 3, c1, 3, 2, false, false);
  by_channel(side /= 2, c1, 1);
  block(side, c1, c1, 2 * c1, 2);
  block(side /= 2, c1, c1, 2 * c1, 1);
  block(side, c1, c2, 4 * c1, 2);
  block(side /= 2, c2, c2, 2 * c2, 1);
  block(side, c2, c2, 4 * c2, 2);
  block(side /= 2, c2, c2, 2 * c2, 1);
  dense(side, c2, face.widths[2], 1, 1, false, false);
}

// As model/poster_v2.cpp and model/cross_level.cpp build them.
void NetworkSizes::add_levels(const PosterV2Config& config) {
  const auto conv = [&](index_t side, index_t in, index_t out, index_t kernel, index_t stride,
                        bool input_gradient = true) {
    convolutions.push_back({.side = side,
                            .in = in,
                            .out = out,
                            .kernel = kernel,
                            .stride = stride,
                            .bias = true,
                            .input_gradient = input_gradient});
  };
  for (std::size_t i = 0; i < 3; ++i) {
    const index_t side = config.windows[i], in = config.image.widths[i], wide = config.mlp_ratio * in;
    levels.push_back({.side = side, .width = in, .heads = config.heads[i], .hidden = wide});
    conv(2 * side, in, in, 3, 2);
    for (const LinearSizes& linear : {LinearSizes{.rows = side * side, .in = in, .out = 2 * in},
                                      {side * side, in, in},
                                      {side * side, in, wide},
                                      {side * side, wide, in}})
      add_once(linears, linear);
  }
  conv(config.windows[2], config.landmarks.widths[2], config.image.widths[2], 3, 1, false);
  conv(config.windows[0], config.image.widths[0], width, 3, 2);
  conv(config.windows[0] / 2, width, width, 3, 2);
  conv(config.windows[1], config.image.widths[1], width, 3, 2);
  conv(config.windows[2], config.image.widths[2], width, 1, 1);
}

NetworkSizes::NetworkSizes(const PosterV2Config& config)
    : outputs(config.outputs),
      width(config.vit.width),
      heads(config.vit.heads),
      hidden(config.vit.hidden),
      patches(config.side / 16 * (config.side / 16)) {
  tokens = 1 + 3 * patches;
  add_ir50(config);
  add_landmarks(config);
  add_levels(config);
  for (const LinearSizes& linear :
       {LinearSizes{.rows = tokens, .in = width, .out = 3 * width},
        {tokens, width,
         2 * width},  // keys and values of the last block, whose query is the class token alone
        {tokens, width, width},
        {tokens, width, hidden},
        {tokens, hidden, width},
        {1, width, width},
        {1, width, hidden},
        {1, hidden, width},
        {1, width, outputs}})
    add_once(linears, linear);
}

const NetworkSizes& network_sizes() {
  static const NetworkSizes sizes(poster_v2_config(7));
  return sizes;
}

}  // namespace poster::bench
