// The sizes of a POSTER V2 network. The defaults are the reference's.
// Source: Mao et al., "POSTER++: A simpler and stronger facial expression recognition network", 2023.
#pragma once

#include <array>

#include "model/backbone_config.h"
#include "model/freeze.h"

namespace poster {

struct VitConfig {
  index_t width = 768, heads = 8, hidden = 3072;
  int blocks = 2;
  double sigma = 0.01;            // of the linear layers' initial weights
  double embedding_sigma = 0.02;  // of the initial class token and position embedding
  bool dead_tensors = true;
};

struct PosterV2Config {
  index_t outputs = 7;
  index_t side = kInputSide;  // a multiple of 16
  MobileFaceNetConfig landmarks;
  Ir50Config image;
  VitConfig vit;
  std::array<index_t, 3> heads{2, 4, 8};      // of the windowed cross-attention
  std::array<index_t, 3> windows{28, 14, 7};  // sides, one map each: side / 4, / 8, / 16
  std::array<double, 3> drop_rates{0, 0.125, 0.25};
  index_t mlp_ratio = 4;  // of the levels' MLPs
  Freeze freeze;
};

PosterV2Config poster_v2_config(index_t outputs);
// The same structure, narrower and shorter, without the dead tensors: for trying things out on a CPU.
PosterV2Config poster_v2_tiny_config(index_t outputs);

}  // namespace poster
