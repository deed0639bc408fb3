// IR50, the image backbone: an improved-residual ResNet.
// Source: Deng et al., "ArcFace", CVPR 2019 (the unit: BN, conv, PReLU, conv, BN); He et al., CVPR 2016.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/layers/conv_batch_norm.h"
#include "engine/layers/prelu.h"
#include "model/backbone_config.h"

namespace poster {

// One unit: BN(in), conv 3x3, PReLU, conv 3x3 with the stride, BN; plus the shortcut: the input (every
// stride-th pixel), or a 1x1 convolution and BN where the width changes. No activation after.
template <typename T>
class Ir50Unit {
 public:
  Ir50Unit(ParameterTable& table, const std::string& name, index_t in, index_t depth, index_t stride,
           Role role);
  // `of_x`: the moments of x where they are known. `of_y` takes those of the result, in train mode.
  Tensor<T> forward(Context<T>& context, Tensor<T> x, const Moments& of_x, Moments* of_y);
  Tensor<T> backward(Context<T>& context, const Tensor<T>& dy);

 private:
  struct Shortcut {
    Conv2d<T> conv;
    BatchNorm<T> norm;
  };
  index_t stride_;
  std::optional<Shortcut> shortcut_;  // null: the input itself
  BatchNorm<T> norm1_;
  Conv2d<T> conv1_;
  PRelu<T> prelu_;
  Conv2d<T> conv2_;
  BatchNorm<T> norm2_;
};

template <typename T>
class Ir50 {
 public:
  // Adds `name`.input_layer, .output_layer (dead) and .body1 to .body3, or .body, in the reference's order.
  Ir50(ParameterTable& table, const std::string& name, const Ir50Config& config, Role role = Role::trained);

  // [batch, 112, 112, 3] to the outputs of body1, body2 and body3: 56², 28² and 14². In train mode running
  // statistics move Pass::statistics_updates times.
  std::array<Tensor<T>, 3> forward(Context<T>& context, const Tensor<T>& x, const MapReady<T>& ready = {});
  // dy(body) gives the gradient of an output away, empty where it isn't used; asked of the last first, and
  // not before it is needed. Where it is trained alone.
  void backward(Context<T>& context, const std::function<Tensor<T>(int body)>& dy);

 private:
  Conv2d<T> stem_conv_;
  BatchNorm<T> stem_norm_;
  std::array<std::vector<std::unique_ptr<Ir50Unit<T>>>, 3> bodies_;
};

}  // namespace poster
