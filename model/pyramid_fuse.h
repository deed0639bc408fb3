// The pyramid of POSTER V1: the tokens of both streams at three widths, a cross-fusion block for each at
// every depth, and the narrow ones brought up into the wider. Source: Zheng et al., "POSTER", 2022.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "model/cross_fusion_block.h"
#include "model/poster_v1_config.h"

namespace poster {

template <typename T>
class PyramidFuse {
 public:
  // Adds `name`.cls_token (dead), .pos_embed, .downsample_m, .downsample_s, .blocks and .norm. tokens: of one
  // stream, without its class token.
  PyramidFuse(ParameterTable& table, const std::string& name, const PyramidConfig& config, index_t tokens,
              index_t width);

  // Both streams [batch, tokens, width] to the image stream's class token [batch, width].
  Tensor<T> forward(Context<T>& context, const Tensor<T>& image, const Tensor<T>& landmarks);
  struct Gradients {
    Tensor<T> image, landmarks;
  };
  // The gradient of the landmarks only where it is wanted.
  Gradients backward(Context<T>& context, const Tensor<T>& dy, bool landmarks);

 private:
  // At one depth: level 0 is the widest.
  struct Depth {
    std::array<std::unique_ptr<CrossFusionBlock<T>>, 3> blocks;
    std::unique_ptr<TokenConvTranspose<T>> upsample_m, upsample_s;
  };
  Tensor<T> with_class_tokens(Context<T>& context, const Tensor<T>& image, const Tensor<T>& landmarks);

  std::string name_;
  index_t tokens_, width_;
  ParameterId pos_embed_;
  std::unique_ptr<TokenConv<T>> downsample_m_, downsample_s_;
  std::vector<Depth> depths_;
  std::unique_ptr<LayerNorm<T>> norm_;
};

}  // namespace poster
