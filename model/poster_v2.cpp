#include "model/poster_v2.h"

#include "model/backbones.h"

namespace poster {
namespace {

template <typename T>
Tensor<T> flatten(const Tensor<T>& map) {
  const Shape& s = map.shape();
  return map.reshaped({s[0], s[1] * s[2], s[3]});
}

}  // namespace

template <typename T>
PosterV2<T>::PosterV2(ParameterTable& table, const PosterV2Config& config) : config_(config) {
  const auto& widths = config.image.widths;
  const index_t patches = config.side / 16, w = config.vit.width;
  face_landback_ = std::make_unique<MobileFaceNet<T>>(table, "face_landback", config.landmarks,
                                                      role_of(config.freeze.landmarks));
  vit_ = std::make_unique<VisionTransformer<T>>(table, "VIT", config.vit, patches * patches, widths[2],
                                                config.outputs);
  ir_back_ = std::make_unique<Ir50<T>>(table, "ir_back", config.image, role_of(config.freeze.ir50));
  for (int i = 0; i < 3; ++i)
    levels_.emplace_back(typename CrossLevel<T>::Options{.level = i + 1,
                                                         .width = widths[i],
                                                         .heads = config.heads[i],
                                                         .window = config.windows[i],
                                                         .mlp_hidden = config.mlp_ratio * widths[i],
                                                         .drop_rate = config.drop_rates[i]});
  for (auto& level : levels_) level.add_attention(table);
  for (auto& level : levels_) level.add_window_norm(table);
  for (auto& level : levels_) level.add_conv(table);
  for (auto& level : levels_) level.add_ffn(table);
  const auto conv = [&](const char* name, index_t in, index_t out, index_t kernel, index_t stride) {
    return std::make_unique<Conv2d<T>>(
        table, name,
        Conv2dOptions{
            .in = in, .out = out, .kernel = kernel, .stride = stride, .padding = kernel / 2, .bias = true});
  };
  last_face_conv_ = conv("last_face_conv", config.landmarks.widths[2], widths[2], 3, 1);
  embed_q0_ = conv("embed_q.0", widths[0], w, 3, 2);
  embed_q1_ = conv("embed_q.1", w, w, 3, 2);
  embed_k_ = conv("embed_k.0", widths[1], w, 3, 2);
  embed_v_ = conv("embed_v.proj", widths[2], w, 1, 1);
}

template <typename T>
Tensor<T> PosterV2<T>::forward(Context<T>& c, const Tensor<T>& images, FrozenFeatures frozen) {
  const Tensor<T> x = resize_images(c, images, config_.side);
  auto faces = maps_of(c, *face_landback_, x, config_.freeze.landmarks, frozen, kept_landmarks_);
  faces[2] = last_face_conv_->forward(c, faces[2]);
  c.show("last_face_conv", faces[2]);
  auto maps = maps_of(c, *ir_back_, x, config_.freeze.ir50, frozen, kept_maps_);
  std::array<Tensor<T>, 3> tokens;
  for (int i = 0; i < 3; ++i) {
    tokens[i] = levels_[i].forward(c, maps[i], faces[i]);
    maps[i] = faces[i] = {};
  }
  tokens[0] = embed_q1_->forward(c, embed_q0_->forward(c, std::move(tokens[0])));
  c.show("embed_q", tokens[0]);
  tokens[1] = embed_k_->forward(c, std::move(tokens[1]));
  c.show("embed_k", tokens[1]);
  tokens[2] = embed_v_->forward(c, std::move(tokens[2]));
  for (auto& t : tokens) t = flatten(t);
  c.show("embed_v", tokens[2]);
  return vit_->forward(c, tokens);
}

template <typename T>
void PosterV2<T>::backward(Context<T>& c, const Tensor<T>& dlogits) {
  const index_t batch = dlogits.shape()[0], patches = config_.side / 16;
  auto d = vit_->backward(c, dlogits);
  for (auto& t : d) t = t.reshaped({batch, patches, patches, config_.vit.width});
  d[0] = embed_q0_->backward(c, embed_q1_->backward(c, d[0]));
  d[1] = embed_k_->backward(c, d[1]);
  d[2] = embed_v_->backward(c, d[2]);
  // Nobody wants the gradients of a frozen backbone's maps.
  const bool train_image = !config_.freeze.ir50, train_landmarks = !config_.freeze.landmarks;
  std::array<Tensor<T>, 3> dfaces;
  for (int i = 2; i >= 0; --i) {
    const index_t side = config_.windows[i];
    if (i == 2 || train_landmarks) dfaces[i] = c.tensor({batch, side, side, config_.image.widths[i]});
    d[i] = levels_[i].backward(c, d[i], dfaces[i], train_image ? Gradient::overwrite : Gradient::ignore);
    if (i == 2)
      dfaces[i] =
          last_face_conv_->backward(c, dfaces[i], train_landmarks ? Gradient::overwrite : Gradient::ignore);
  }
  if (train_landmarks) face_landback_->backward(c, std::move(dfaces));
  if (train_image) ir_back_->backward(c, std::move(d));
}

template class PosterV2<float>;
template class PosterV2<double>;
template class PosterV2<Half>;

}  // namespace poster
