#include "model/vision_transformer.h"

#include "engine/layers/sum.h"
#include "kernels/token_assembly/token_assembly.h"

namespace poster {
namespace {

constexpr double kVitNormEps = 1e-6;

}  // namespace

template <typename T>
VitBlock<T>::VitBlock(ParameterTable& table, const std::string& name, const VitConfig& config,
                      index_t dead_tokens)
    : norm1_(table, name + ".norm1", config.width, kVitNormEps),
      attention_([&]() -> SelfAttention<T> {
        if (dead_tokens > 0) {
          const auto initialiser = Initialiser::default_for_fan_in(static_cast<double>(dead_tokens));
          table.add({.name = name + ".conv.weight",
                     .shape = {dead_tokens, dead_tokens, 1},
                     .role = Role::dead,
                     .initialiser = initialiser});
          table.add({.name = name + ".conv.bias",
                     .shape = {dead_tokens},
                     .role = Role::dead,
                     .initialiser = initialiser});
        }
        return SelfAttention<T>(table, name + ".attn", config.width, config.heads, config.sigma);
      }()),
      norm2_(table, name + ".norm2", config.width, kVitNormEps),
      mlp_(table, name + ".mlp", config.width, config.hidden, config.sigma),
      branch1_(table, config.width, {}),
      branch2_(table, config.width, {}) {}

template <typename T>
SumAndNorm<T> VitBlock<T>::forward(Context<T>& c, SumAndNorm<T> x, Queries queries, LayerNorm<T>& next) {
  queries_ = queries;
  if (!x.normed) x.normed = norm1_.forward(c, x.sum);
  Tensor<T> attended = attention_.forward(c, std::move(x.normed), queries);
  if (queries == Queries::class_token) x.sum = take_class_token(c, x.sum);
  auto [y, normed] = branch1_.forward(c, std::move(x.sum), std::move(attended), norm2_);
  Tensor<T> f = mlp_.forward(c, std::move(normed));
  return branch2_.forward(c, std::move(y), std::move(f), next);
}

template <typename T>
Tensor<T> VitBlock<T>::backward(Context<T>& c, const Tensor<T>& dy) {
  Tensor<T> d = norm2_.backward(c, mlp_.backward(c, branch2_.backward(c, dy)), dy);
  Tensor<T> dnorm1 = attention_.backward(c, branch1_.backward(c, d));
  if (queries_ == Queries::all) return norm1_.backward(c, dnorm1, d);
  Tensor<T> dx = norm1_.backward(c, dnorm1);
  add_to_class_token(c, dx, d);
  return dx;
}

template <typename T>
VisionTransformer<T>::VisionTransformer(ParameterTable& table, const std::string& name,
                                        const VitConfig& config, index_t tokens_per_level,
                                        index_t patch_width, index_t outputs)
    : width_(config.width), tokens_(tokens_per_level) {
  const index_t w = config.width, all_tokens = 1 + 3 * tokens_;
  const auto add = [&](const std::string& suffix, std::vector<std::int64_t> shape, Role role,
                       Initialiser initialiser) {
    return table.add(
        {.name = name + suffix, .shape = std::move(shape), .role = role, .initialiser = initialiser});
  };
  const auto dead = [&](const std::string& suffix, std::vector<std::int64_t> shape, Initialiser initialiser) {
    if (config.dead_tensors) add(suffix, std::move(shape), Role::dead, initialiser);
  };
  const auto linear = Initialiser::truncated_normal(config.sigma);
  const auto zero = Initialiser::constant(0);

  cls_token_ =
      add(".cls_token", {1, 1, w}, Role::trained, Initialiser::truncated_normal(config.embedding_sigma));
  pos_embed_ = add(".pos_embed", {1, all_tokens, w}, Role::trained,
                   Initialiser::truncated_normal(config.embedding_sigma));
  se_block_ = std::make_unique<SeBlock<T>>(table, name + ".se_block", w, config.sigma);
  dead(".patch_embed.proj.weight", {w, patch_width, 1, 1},
       Initialiser::kaiming_normal(static_cast<double>(w)));
  dead(".patch_embed.proj.bias", {w}, zero);
  head_ = std::make_unique<Linear<T>>(table, name + ".head.linear", w, outputs,
                                      typename Linear<T>::Options{.sigma = config.sigma});
  dead(".eca_block.conv.weight", {1, 1, 5}, Initialiser::default_for_fan_in(5));
  dead(".CON1.weight", {w, patch_width, 1, 1}, Initialiser::kaiming_normal(static_cast<double>(w)));
  dead(".IRLinear1.weight", {w, 1024}, linear);
  dead(".IRLinear1.bias", {w}, zero);
  dead(".IRLinear2.weight", {512, w}, linear);
  dead(".IRLinear2.bias", {512}, zero);
  for (int i = 0; i < config.blocks; ++i)
    blocks_.push_back(std::make_unique<VitBlock<T>>(table, name + ".blocks." + std::to_string(i), config,
                                                    config.dead_tensors ? all_tokens : 0));
  norm_ = std::make_unique<LayerNorm<T>>(table, name + ".norm", w, kVitNormEps);
}

template <typename T>
Tensor<T> VisionTransformer<T>::forward(Context<T>& c, const std::array<Tensor<T>, 3>& levels) {
  const index_t batch = levels[0].shape()[0];
  Tensor<T> x = c.tensor({batch, 1 + 3 * tokens_, width_});
  c.run(kernels::TokenAssembly<T>{.y = x.data(),
                                  .levels = {levels[0].data(), levels[1].data(), levels[2].data()},
                                  .cls = c.value(cls_token_),
                                  .position = c.value(pos_embed_),
                                  .batch = batch,
                                  .tokens = tokens_,
                                  .channels = width_});
  // Nothing reads the last block but at the class token, unless somebody looks at the stages of an
  // evaluation.
  const Queries last = c.pass.training || !c.hooks.probe ? Queries::class_token : Queries::all;
  SumAndNorm<T> y{std::move(x), {}};
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const bool is_last = i + 1 == blocks_.size();
    y = blocks_[i]->forward(c, std::move(y), is_last ? last : Queries::all,
                            is_last ? *norm_ : blocks_[i + 1]->first_norm());
    c.show("VIT.blocks." + std::to_string(i), y.sum);
  }
  x = blocks_.empty() ? norm_->forward(c, std::move(y.sum)) : std::move(y.normed);
  c.show("VIT.norm", x);
  if (x.shape()[1] > 1) x = take_class_token(c, x);
  x = se_block_->forward(c, x.reshaped({batch, width_}));
  c.show("VIT.se_block", x);
  return head_->forward(c, std::move(x));
}

template <typename T>
std::array<Tensor<T>, 3> VisionTransformer<T>::backward(Context<T>& c, const Tensor<T>& dlogits) {
  const index_t batch = dlogits.shape()[0];
  Tensor<T> d = se_block_->backward(c, head_->backward(c, dlogits)).reshaped({batch, 1, width_});
  d = norm_->backward(c, d);
  for (auto block = blocks_.rbegin(); block != blocks_.rend(); ++block) d = (*block)->backward(c, d);
  std::array<Tensor<T>, 3> dlevels;
  for (Tensor<T>& level : dlevels) level = c.tensor({batch, tokens_, width_});
  c.run(
      kernels::TokenAssemblyBackward<T>{.dlevels = {dlevels[0].data(), dlevels[1].data(), dlevels[2].data()},
                                        .dcls = c.gradient(cls_token_),
                                        .dposition = c.gradient(pos_embed_),
                                        .dy = d.data(),
                                        .batch = batch,
                                        .tokens = tokens_,
                                        .channels = width_});
  return dlevels;
}

template class VitBlock<float>;
template class VitBlock<double>;
template class VitBlock<Half>;
template class VisionTransformer<float>;
template class VisionTransformer<double>;
template class VisionTransformer<Half>;

}  // namespace poster
