// The sizes of a POSTER V1 network. The defaults are the reference's, at its smallest depth.
// Source: Zheng et al., "POSTER: A Pyramid Cross-Fusion Transformer Network for Facial Expression
// Recognition", 2022.
#pragma once

#include "model/backbone_config.h"
#include "model/freeze.h"

namespace poster {

struct PyramidConfig {
  int depth = 4;
  // Of each of its three levels, which are `width`, width / 2 and width / 4 wide; the width is that of face3.
  index_t heads = 8;
  index_t mlp_ratio = 2;
  double drop_rate = 0.1;  // of drop path in the last block; from 0 in the first it rises by equal steps
  bool dead_tensors = true;
};

struct PosterV1Config {
  index_t outputs = 7;
  index_t side = kInputSide;  // a multiple of 16
  MobileFaceNetConfig landmarks;
  Ir50Config image{.one_list = true};
  PyramidConfig pyramid;
  Freeze freeze;

  index_t width() const { return landmarks.widths[2]; }
  index_t tokens() const { return side / 16 * (side / 16); }  // of each stream
};

PosterV1Config poster_v1_small_config(index_t outputs);
PosterV1Config poster_v1_base_config(index_t outputs);
PosterV1Config poster_v1_large_config(index_t outputs);
// The same structure, narrower and shorter, without the dead tensors: for trying things out on a CPU.
PosterV1Config poster_v1_tiny_config(index_t outputs);

}  // namespace poster
