#include "model/cross_level.h"

#include "engine/layers/sum.h"

namespace poster {
namespace {
constexpr double kLevelNormEps = 1e-5;
}

template <typename T>
void CrossLevel<T>::add_attention(ParameterTable& table) {
  attention_ = std::make_unique<WindowCrossAttention<T>>(table, numbered("attn"), options_.width,
                                                         options_.heads, options_.window);
}

template <typename T>
void CrossLevel<T>::add_window_norm(ParameterTable& table) {
  window_norm_ =
      std::make_unique<LayerNorm<T>>(table, numbered("window") + ".norm", options_.width, kLevelNormEps);
}

template <typename T>
void CrossLevel<T>::add_conv(ParameterTable& table) {
  conv_ = std::make_unique<Conv2d<T>>(
      table, numbered("conv"),
      Conv2dOptions{
          .in = options_.width, .out = options_.width, .kernel = 3, .stride = 2, .padding = 1, .bias = true});
}

template <typename T>
void CrossLevel<T>::add_ffn(ParameterTable& table) {
  const std::string name = numbered("ffn");
  const auto branch = [&](int call) {
    return std::make_unique<ResidualBranch<T>>(
        table, options_.width,
        typename ResidualBranch<T>::Options{.gamma = name + ".gamma" + std::to_string(call + 1),
                                            .drop_path = name + ".drop_path",
                                            .drop_rate = options_.drop_rate,
                                            .call = call});
  };
  branch1_ = branch(0);
  branch2_ = branch(1);
  mlp_ = std::make_unique<Mlp<T>>(table, name + ".mlp", options_.width, options_.mlp_hidden);
  norm_ = std::make_unique<LayerNorm<T>>(table, name + ".norm", options_.width, kLevelNormEps);
}

template <typename T>
Tensor<T> CrossLevel<T>::forward(Context<T>& c, const Tensor<T>& image, const Tensor<T>& landmarks) {
  Tensor<T> map = conv_->forward(c, image);
  c.show(numbered("conv"), map);
  map = window_norm_->forward(c, std::move(map));  // the shortcut is the normalised map
  if (c.hooks.probe) c.show(numbered("window") + ".1", attention_->to_windows(c, map));
  c.show(numbered("window") + ".2", map);
  Tensor<T> attended = attention_->forward(c, map, landmarks);
  c.show(numbered("attn"), attended);
  attended = attention_->to_map(c, attended, map.shape());
  auto [x, normed] = branch1_->forward(c, std::move(map), std::move(attended), *norm_);
  Tensor<T> f = mlp_->forward(c, std::move(normed));
  x = branch2_->forward(c, std::move(x), std::move(f));
  c.show(numbered("ffn"), x);
  return x;
}

template <typename T>
Tensor<T> CrossLevel<T>::backward(Context<T>& c, const Tensor<T>& dy, const Tensor<T>& dlandmarks,
                                  Gradient image_gradient) {
  Tensor<T> dx = norm_->backward(c, mlp_->backward(c, branch2_->backward(c, dy)), dy);
  Tensor<T> dwindows = attention_->to_windows(c, branch1_->backward(c, dx));
  Tensor<T> dmap = attention_->backward(c, dwindows, dlandmarks);
  dwindows = {};
  add_in_place(c, dmap, dx);
  dx = {};
  return conv_->backward(c, window_norm_->backward(c, dmap), image_gradient);
}

template class CrossLevel<float>;
template class CrossLevel<double>;
template class CrossLevel<Half>;

}  // namespace poster
