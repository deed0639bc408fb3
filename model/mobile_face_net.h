// MobileFaceNet, the landmark backbone. Frozen, as in the reference, it has no backward; its batch norms use
// the statistics of the batch in train mode all the same, and their running statistics move. Source: Chen et
// al., "MobileFaceNets", CCBR 2018.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "engine/layers/conv_batch_norm.h"
#include "model/backbone_config.h"

namespace poster {

// Convolution, BN and, unless linear, PReLU.
template <typename T>
class FaceConvBlock {
 public:
  struct Options {
    index_t in, out, kernel = 1, stride = 1, padding = 0;
    bool depthwise = false, linear = false;
    Role role = Role::frozen;
  };
  FaceConvBlock(ParameterTable& table, const std::string& name, const Options& options);
  // A residual: of a dense one alone; else throws Error.
  Tensor<T> forward(Context<T>& context, Tensor<T> x, const Tensor<T>& residual = {});
  // Of this one, which is dense, and of `next`, which is depthwise and not linear: in a folded pass that takes
  // in both PReLUs.
  Tensor<T> forward_with(FaceConvBlock& next, Context<T>& context, Tensor<T> x);
  // The residual's gradient is dy.
  Tensor<T> backward(Context<T>& context, const Tensor<T>& dy, Gradient gradient = Gradient::overwrite);

 private:
  // x_slope: of the PReLU before it where, in a folded pass, that is still to be applied.
  Tensor<T> forward_depthwise(Context<T>& context, Tensor<T> x, const acc_t<T>* x_slope);

  std::unique_ptr<Conv2d<T>> conv_;
  std::unique_ptr<DepthwiseConv2d<T>> depthwise_;
  BatchNorm<T> norm_;
};

// 1x1 to `groups` channels, depthwise 3x3, linear 1x1 to `out`; plus the input when residual.
template <typename T>
class FaceDepthWise {
 public:
  struct Options {
    index_t in, out, groups, stride;
    bool residual;
    Role role;
  };
  FaceDepthWise(ParameterTable& table, const std::string& name, const Options& options);
  Tensor<T> forward(Context<T>& context, Tensor<T> x);
  Tensor<T> backward(Context<T>& context, const Tensor<T>& dy);

 private:
  bool residual_;
  FaceConvBlock<T> conv_, conv_dw_, project_;
};

template <typename T>
class MobileFaceNet {
 public:
  MobileFaceNet(ParameterTable& table, const std::string& name, const MobileFaceNetConfig& config,
                Role role = Role::frozen);

  // [batch, 112, 112, 3] to face1 28², face2 14² and face3 7². In train mode running statistics move
  // Pass::statistics_updates times.
  std::array<Tensor<T>, 3> forward(Context<T>& context, const Tensor<T>& x, const MapReady<T>& ready = {});
  // Gradients of the three outputs, of the first two only where they are used; consumed. Where it is trained
  // alone.
  void backward(Context<T>& context, std::array<Tensor<T>, 3> dy);

 private:
  using Blocks = std::vector<std::unique_ptr<FaceDepthWise<T>>>;
  FaceConvBlock<T> conv1_, conv2_dw_;
  std::array<Blocks, 3> levels_;
  std::unique_ptr<FaceConvBlock<T>> conv_6_sep_;
};

}  // namespace poster
