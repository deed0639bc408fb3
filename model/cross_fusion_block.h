// One level of POSTER V1's two-way cross-fusion: each stream's tokens attend, with the other stream's as
// queries, then an MLP; at the end all tokens of both are mixed.
//
//   image += drop_path(attn_img(norm1(x)));    image += drop_path(mlp1(norm2(image)))
//   landmarks += drop_path(attn_lm(norm3(x))); landmarks += drop_path(mlp2(norm4(landmarks)))
//   conv(image, landmarks)
//
// Both read the block's input x. Source: Zheng et al., "POSTER", 2022, section 3.2.
#pragma once

#include <array>
#include <string>

#include "engine/layers/cross_attention.h"
#include "engine/layers/layer_norm.h"
#include "engine/layers/mlp.h"
#include "engine/layers/residual_branch.h"
#include "engine/layers/token_conv.h"

namespace poster {

template <typename T>
class CrossFusionBlock {
 public:
  struct Options {
    index_t tokens, width, heads, hidden;  // tokens of one stream
    double drop_rate;
  };
  // Adds `name`.norm1, .attn_img, .attn_lm, .norm2, .mlp1, .mlp2, .norm3, .norm4 and .conv.
  CrossFusionBlock(ParameterTable& table, const std::string& name, const Options& options);

  // Halves to joined (model/token_halves.h).
  Tensor<T> forward(Context<T>& context, Tensor<T> x);
  // Joined to halves.
  Tensor<T> backward(Context<T>& context, const Tensor<T>& dy);

 private:
  LayerNorm<T> norm1_;
  CrossAttention<T> attn_img_, attn_lm_;
  LayerNorm<T> norm2_;
  Mlp<T> mlp1_, mlp2_;
  LayerNorm<T> norm3_, norm4_;
  TokenConv<T> conv_;
  std::array<ResidualBranch<T>, 4> branches_;  // in the order of their calls
};

}  // namespace poster
