#include "model/pyramid_fuse.h"

#include "engine/layers/sum.h"
#include "kernels/column_sum/column_sum.h"
#include "kernels/matmul/matmul.h"
#include "kernels/mean_token/mean_token.h"
#include "model/dead_tensors.h"
#include "model/token_halves.h"

namespace poster {
namespace {

constexpr double kPyramidNormEps = 1e-6;

}  // namespace

template <typename T>
PyramidFuse<T>::PyramidFuse(ParameterTable& table, const std::string& name, const PyramidConfig& config,
                            index_t tokens, index_t width)
    : name_(name), tokens_(tokens), width_(width) {
  const index_t all = 2 * (1 + tokens);
  if (config.dead_tensors) add_dead(table, name + ".cls_token", {1, 1, width}, Initialiser::constant(0));
  pos_embed_ = table.add({.name = name + ".pos_embed",
                          .shape = {1, 1 + tokens, width},
                          .initialiser = Initialiser::constant(0)});
  downsample_m_ = std::make_unique<TokenConv<T>>(table, name + ".downsample_m", all, all, 2);
  downsample_s_ = std::make_unique<TokenConv<T>>(table, name + ".downsample_s", all, all, 4);
  for (int i = 0; i < config.depth; ++i) {
    const std::string prefix = name + ".blocks." + std::to_string(i);
    const double drop_rate = config.depth > 1 ? config.drop_rate * i / (config.depth - 1) : 0;
    Depth depth;
    for (int level = 0; level < 3; ++level)
      depth.blocks[level] = std::make_unique<CrossFusionBlock<T>>(
          table, prefix + ".block_" + "lms" [level], typename CrossFusionBlock<T>::Options {
            .tokens = 1 + tokens, .width = width >> level, .heads = config.heads,
            .hidden = config.mlp_ratio * (width >> level), .drop_rate = drop_rate
          });
    depth.upsample_m = std::make_unique<TokenConvTranspose<T>>(table, prefix + ".upsample_m", all, all, 2);
    depth.upsample_s = std::make_unique<TokenConvTranspose<T>>(table, prefix + ".upsample_s", all, all, 2);
    depths_.push_back(std::move(depth));
  }
  norm_ = std::make_unique<LayerNorm<T>>(table, name + ".norm", width, kPyramidNormEps);
}

// In halves.
template <typename T>
Tensor<T> PyramidFuse<T>::with_class_tokens(Context<T>& c, const Tensor<T>& image,
                                            const Tensor<T>& landmarks) {
  const index_t batch = image.shape()[0];
  Tensor<T> x = c.tensor({2 * batch, 1 + tokens_, width_});
  c.run([&](auto& queue) {
    kernels::run(queue, kernels::MeanTokenForward<T>{.y = x.data(),
                                                     .x = image.data(),
                                                     .position = c.value(pos_embed_),
                                                     .batch = batch,
                                                     .tokens = tokens_,
                                                     .channels = width_});
    kernels::run(queue, kernels::MeanTokenForward<T>{.y = x.data() + batch * (1 + tokens_) * width_,
                                                     .x = landmarks.data(),
                                                     .batch = batch,
                                                     .tokens = tokens_,
                                                     .channels = width_});
  });
  return x;
}

template <typename T>
Tensor<T> PyramidFuse<T>::forward(Context<T>& c, const Tensor<T>& image, const Tensor<T>& landmarks) {
  std::array<Tensor<T>, 3> x;  // in halves
  x[0] = with_class_tokens(c, image, landmarks);
  {
    const Tensor<T> joined = join_halves(c, x[0]);
    x[1] = split_halves(c, downsample_m_->forward(c, joined));
    x[2] = split_halves(c, downsample_s_->forward(c, joined));
  }
  for (std::size_t i = 0; i < depths_.size(); ++i) {
    Depth& depth = depths_[i];
    std::array<Tensor<T>, 3> y;  // joined
    for (int level = 0; level < 3; ++level) y[level] = depth.blocks[level]->forward(c, std::move(x[level]));
    depth.upsample_s->forward(c, y[2], y[1]);
    depth.upsample_m->forward(c, y[1], y[0]);
    c.show(name_ + ".blocks." + std::to_string(i), y[0]);
    if (i + 1 == depths_.size()) {  // nothing else is read of the last one
      x[0] = first_of_joined(c, y[0]);
    } else {
      for (int level = 0; level < 3; ++level) x[level] = split_halves(c, std::exchange(y[level], {}));
    }
  }
  Tensor<T> token = norm_->forward(c, std::move(x[0]));
  c.show(name_ + ".norm", token);
  return token.reshaped({token.shape()[0], width_});
}

template <typename T>
typename PyramidFuse<T>::Gradients PyramidFuse<T>::backward(Context<T>& c, const Tensor<T>& dy,
                                                            bool landmarks) {
  const index_t batch = dy.shape()[0], all = 2 * (1 + tokens_);
  std::array<Tensor<T>, 3> dx;  // in halves
  for (std::size_t i = depths_.size(); i-- > 0;) {
    Depth& depth = depths_[i];
    const bool last = i + 1 == depths_.size();
    std::array<Tensor<T>, 3> d;  // joined
    if (last) {
      d[0] = first_to_joined(c, norm_->backward(c, dy.reshaped({batch, 1, width_})), all);
      for (int level = 1; level < 3; ++level) d[level] = c.tensor({batch, width_ >> level, all});
    } else {
      for (int level = 0; level < 3; ++level) d[level] = join_halves(c, std::exchange(dx[level], {}));
    }
    const Gradient gradient = last ? Gradient::overwrite : Gradient::accumulate;
    depth.upsample_m->backward(c, d[0], d[1], gradient);
    depth.upsample_s->backward(c, d[1], d[2], gradient);
    for (int level = 0; level < 3; ++level)
      dx[level] = depth.blocks[level]->backward(c, std::exchange(d[level], {}));
  }
  Tensor<T> djoined = downsample_m_->backward(c, join_halves(c, std::exchange(dx[1], {})));
  add_in_place(c, djoined, downsample_s_->backward(c, join_halves(c, std::exchange(dx[2], {}))));
  add_in_place(c, dx[0], split_halves(c, djoined));
  djoined = {};

  Gradients gradients;
  const auto of_tokens = [&](const Tensor<T>& d) {
    Tensor<T> gradient = c.tensor({batch, tokens_, width_});
    c.run([&](auto& queue) {
      kernels::run(
          queue,
          kernels::MeanTokenBackward<T>{
              .dx = gradient.data(), .dy = d.data(), .batch = batch, .tokens = tokens_, .channels = width_});
    });
    return gradient;
  };
  const Tensor<T> dimage = dx[0].slice(0, batch);
  c.run(kernels::ColumnSum<T>{
      .out = c.gradient(pos_embed_), .x = dimage.data(), .rows = batch, .columns = (1 + tokens_) * width_});
  gradients.image = of_tokens(dimage);
  if (landmarks) gradients.landmarks = of_tokens(dx[0].slice(batch, batch));
  return gradients;
}

template class PyramidFuse<float>;
template class PyramidFuse<double>;
template class PyramidFuse<Half>;

}  // namespace poster
