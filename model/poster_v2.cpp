#include "model/poster_v2.h"

#include <functional>
#include <utility>

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
  std::array<Tensor<T>, 3> faces, tokens;
  const Lanes::Ticket landmarks = c.beside(Lane::branches, [&, x] {
    faces = maps_of(c, *face_landback_, x, config_.freeze.landmarks, frozen, kept_landmarks_);
    faces[2] = last_face_conv_->forward(c, faces[2]);
    c.show("last_face_conv", faces[2]);
  });
  // The first two levels, beside the rest of the backbone; the last has nothing left to be beside.
  const auto ready = [&](int i, const Tensor<T>& map) {
    const auto level = [&, i, map] {
      tokens[i] = embed(c, i, levels_[i].forward(c, map, std::exchange(faces[i], {})));
    };
    if (i < 2) {
      c.beside(Lane::branches, level);
    } else {
      c.join(landmarks);
      level();
    }
  };
  // By reference: no memory is taken for it.
  maps_of<T>(c, *ir_back_, x, config_.freeze.ir50, frozen, kept_maps_, std::cref(ready));
  c.join(Lane::branches);
  return vit_->forward(c, tokens);
}

// A level's map to tokens.
template <typename T>
Tensor<T> PosterV2<T>::embed(Context<T>& c, int level, Tensor<T> x) {
  constexpr const char* kStages[] = {"embed_q", "embed_k", "embed_v"};
  if (level == 0) x = embed_q1_->forward(c, embed_q0_->forward(c, std::move(x)));
  if (level == 1) x = embed_k_->forward(c, std::move(x));
  if (level == 2) x = flatten(embed_v_->forward(c, std::move(x)));
  c.show(kStages[level], x);
  return level == 2 ? x : flatten(x);
}

template <typename T>
void PosterV2<T>::backward(Context<T>& c, const Tensor<T>& dlogits) {
  const index_t batch = dlogits.shape()[0], patches = config_.side / 16;
  // Nobody wants the gradients of a frozen backbone's maps.
  const bool train_image = !config_.freeze.ir50, train_landmarks = !config_.freeze.landmarks;
  std::array<Tensor<T>, 3> d = vit_->backward(c, dlogits), dfaces;
  const auto level = [&](int i) {
    const index_t side = config_.windows[i];
    if (i == 2 || train_landmarks) dfaces[i] = c.tensor({batch, side, side, config_.image.widths[i]});
    d[i] = levels_[i].backward(c, d[i], dfaces[i], train_image ? Gradient::overwrite : Gradient::ignore);
  };
  // The first two levels, beside the last and the backbone behind it.
  std::array<Lanes::Ticket, 3> levels;
  levels[1] = c.beside(Lane::branches, [&, tokens = d[1]] {
    d[1] = embed_k_->backward(c, tokens.reshaped({batch, patches, patches, config_.vit.width}));
    level(1);
  });
  levels[0] = c.beside(Lane::branches, [&, tokens = d[0]] {
    d[0] = tokens.reshaped({batch, patches, patches, config_.vit.width});
    d[0] = embed_q0_->backward(c, embed_q1_->backward(c, d[0]));
    level(0);
  });
  d[2] = embed_v_->backward(c, d[2].reshaped({batch, patches, patches, config_.vit.width}));
  level(2);
  dfaces[2] =
      last_face_conv_->backward(c, dfaces[2], train_landmarks ? Gradient::overwrite : Gradient::ignore);
  if (train_landmarks)
    c.beside(Lane::branches,
             [&, of_faces = std::exchange(dfaces, {})] { face_landback_->backward(c, of_faces); });
  if (train_image)
    ir_back_->backward(c, [&](int body) {
      c.join(levels[body]);
      return std::exchange(d[body], {});
    });
}

template class PosterV2<float>;
template class PosterV2<double>;
template class PosterV2<Half>;

}  // namespace poster
