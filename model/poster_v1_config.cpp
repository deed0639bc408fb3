#include "model/poster_v1_config.h"

namespace poster {
namespace {

PosterV1Config with_depth(index_t outputs, int depth) {
  PosterV1Config config;
  config.outputs = outputs;
  config.pyramid.depth = depth;
  return config;
}

}  // namespace

PosterV1Config poster_v1_small_config(index_t outputs) { return with_depth(outputs, 4); }
PosterV1Config poster_v1_base_config(index_t outputs) { return with_depth(outputs, 6); }
PosterV1Config poster_v1_large_config(index_t outputs) { return with_depth(outputs, 8); }

PosterV1Config poster_v1_tiny_config(index_t outputs) {
  PosterV1Config config = with_depth(outputs, 2);
  config.landmarks = {.widths = {16, 32, 128}, .residuals = {1, 2, 1}, .dead_output_layer = false};
  config.image = {
      .stem = 16, .widths = {16, 32, 64}, .units = {1, 2, 2}, .dead_output_layer = false, .one_list = true};
  config.pyramid.heads = 4;
  config.pyramid.dead_tensors = false;
  return config;
}

}  // namespace poster
