// The ViT at the end of POSTER V2: blocks, final norm, class token, SE gate, head.
// Sources: Dosovitskiy et al., "An Image is Worth 16x16 Words", ICLR 2021; Mao et al., "POSTER++", 2023.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/layers/layer_norm.h"
#include "engine/layers/linear.h"
#include "engine/layers/mlp.h"
#include "engine/layers/residual_branch.h"
#include "engine/layers/se_block.h"
#include "engine/layers/self_attention.h"
#include "model/poster_v2_config.h"

namespace poster {

// Pre-norm block: x += attention(norm1(x)); x += mlp(norm2(x)).
template <typename T>
class VitBlock {
 public:
  // `tokens` sizes a dead convolution of the reference; 0 leaves it out.
  VitBlock(ParameterTable& table, const std::string& name, const VitConfig& config, index_t dead_tokens);
  // x may come with its norm1; the result comes with its `next` norm. For the class token alone returns
  // [batch, 1, width].
  SumAndNorm<T> forward(Context<T>& context, SumAndNorm<T> x, Queries queries, LayerNorm<T>& next);
  Tensor<T> backward(Context<T>& context, const Tensor<T>& dy);
  LayerNorm<T>& first_norm() { return norm1_; }

 private:
  Queries queries_ = Queries::all;
  LayerNorm<T> norm1_;
  SelfAttention<T> attention_;
  LayerNorm<T> norm2_;
  Mlp<T> mlp_;
  ResidualBranch<T> branch1_, branch2_;
};

template <typename T>
class VisionTransformer {
 public:
  // Adds `name`.cls_token, .pos_embed, .se_block, .head, .blocks, .norm and the dead tensors in the
  // reference's order.
  VisionTransformer(ParameterTable& table, const std::string& name, const VitConfig& config,
                    index_t tokens_per_level, index_t patch_width, index_t outputs);

  // Three levels of tokens, each [batch, tokens, width], to logits [batch, outputs].
  Tensor<T> forward(Context<T>& context, const std::array<Tensor<T>, 3>& levels);
  // Returns the gradients of the levels.
  std::array<Tensor<T>, 3> backward(Context<T>& context, const Tensor<T>& dlogits);

 private:
  index_t width_, tokens_;
  ParameterId cls_token_, pos_embed_;
  std::unique_ptr<SeBlock<T>> se_block_;
  std::unique_ptr<Linear<T>> head_;
  std::vector<std::unique_ptr<VitBlock<T>>> blocks_;
  std::unique_ptr<LayerNorm<T>> norm_;
};

}  // namespace poster
