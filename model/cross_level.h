// One level of POSTER V2: the image map is reduced, normalised, cut into windows, and attends to the landmark
// map; then the two residual branches with layer scale and drop path. Source: Mao et al., "POSTER++", 2023,
// section 3.
#pragma once

#include <memory>
#include <string>

#include "engine/layers/conv2d.h"
#include "engine/layers/layer_norm.h"
#include "engine/layers/mlp.h"
#include "engine/layers/residual_branch.h"
#include "engine/layers/window_cross_attention.h"

namespace poster {

template <typename T>
class CrossLevel {
 public:
  struct Options {
    int level;  // 1, 2 or 3: the number in the tensors' names
    index_t width, heads, window, mlp_hidden;
    double drop_rate;
  };
  // The reference's state dict lists the three levels module by module, so parameters are added module by
  // module too.
  explicit CrossLevel(const Options& options) : options_(options) {}
  void add_attention(ParameterTable& table);
  void add_window_norm(ParameterTable& table);
  void add_conv(ParameterTable& table);
  void add_ffn(ParameterTable& table);

  // image: [batch, 2 h, 2 w, width]; landmarks: [batch, window, window, width]. Returns [batch, h, w, width].
  Tensor<T> forward(Context<T>& context, const Tensor<T>& image, const Tensor<T>& landmarks);
  // Returns the gradient of the image map, or an empty tensor when nobody wants it; dlandmarks, when given,
  // is overwritten with that of the landmark map.
  Tensor<T> backward(Context<T>& context, const Tensor<T>& dy, const Tensor<T>& dlandmarks = {},
                     Gradient image_gradient = Gradient::overwrite);

 private:
  std::string numbered(const char* module) const { return module + std::to_string(options_.level); }

  Options options_;
  std::unique_ptr<WindowCrossAttention<T>> attention_;
  std::unique_ptr<LayerNorm<T>> window_norm_;
  std::unique_ptr<Conv2d<T>> conv_;
  std::unique_ptr<ResidualBranch<T>> branch1_, branch2_;
  std::unique_ptr<Mlp<T>> mlp_;
  std::unique_ptr<LayerNorm<T>> norm_;
};

}  // namespace poster
