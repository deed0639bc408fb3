// The sizes at which the network calls its ops, each once, from the network's configuration.
#pragma once

#include <vector>

#include "model/poster_v2_config.h"

namespace poster::bench {

struct ConvSizes {
  index_t side, in, out, kernel, stride;
  bool bias = false, trained = true, input_gradient = true;
  bool operator==(const ConvSizes&) const = default;
};
struct DepthwiseSizes {
  index_t side, channels, stride;
  bool operator==(const DepthwiseSizes&) const = default;
};
struct NormSizes {  // of batch norm
  index_t side, channels;
  bool prelu = false, residual = false, trained = true;
  bool operator==(const NormSizes&) const = default;
};
struct MapSizes {
  index_t side, channels;
  bool operator==(const MapSizes&) const = default;
};
struct LinearSizes {
  index_t rows, in, out;  // rows of one image
  bool operator==(const LinearSizes&) const = default;
};
struct LevelSizes {
  index_t side, width, heads, hidden;
  index_t tokens() const { return side * side; }
};

struct NetworkSizes {
  explicit NetworkSizes(const PosterV2Config& config);

  std::vector<ConvSizes> convolutions;
  std::vector<DepthwiseSizes> depthwise;
  std::vector<NormSizes> batch_norms;
  std::vector<MapSizes> prelus, sums;  // PReLUs on their own; sums of gradients
  std::vector<LinearSizes> linears;
  std::vector<LevelSizes> levels;
  index_t outputs, tokens, width, heads, hidden, patches;  // of the transformer; patches of one level

 private:
  void add_ir50(const PosterV2Config& config);
  void add_landmarks(const PosterV2Config& config);
  void add_levels(const PosterV2Config& config);
};

// Of the full network.
const NetworkSizes& network_sizes();

}  // namespace poster::bench
