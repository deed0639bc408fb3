#include "model/poster_v2_config.h"

namespace poster {

PosterV2Config poster_v2_config(index_t outputs) {
  PosterV2Config config;
  config.outputs = outputs;
  return config;
}

PosterV2Config poster_v2_tiny_config(index_t outputs) {
  PosterV2Config config;
  config.outputs = outputs;
  config.landmarks = {.widths = {16, 32, 128}, .residuals = {1, 2, 1}, .dead_output_layer = false};
  config.image = {.stem = 16, .widths = {16, 32, 64}, .units = {1, 2, 2}, .dead_output_layer = false};
  config.vit = {.width = 192,
                .heads = 6,
                .hidden = 384,
                .blocks = 2,
                .sigma = 0.07,
                .embedding_sigma = 1,
                .dead_tensors = false};
  config.heads = {1, 2, 4};
  return config;
}

}  // namespace poster
