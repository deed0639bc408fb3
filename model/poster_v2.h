// POSTER V2 (POSTER++): two backbones, three levels of windowed cross-attention, a small ViT.
// Source: Mao et al., "POSTER++: A simpler and stronger facial expression recognition network", 2023; names,
// shapes and order of the state dict are those of its public reference code.
#pragma once

#include <array>
#include <memory>

#include "model/cross_level.h"
#include "model/ir50.h"
#include "model/mobile_face_net.h"
#include "model/network.h"
#include "model/vision_transformer.h"

namespace poster {

template <typename T>
class PosterV2 : public Network<T> {
 public:
  PosterV2(ParameterTable& table, const PosterV2Config& config);

  Tensor<T> forward(Context<T>& context, const Tensor<T>& images, FrozenFeatures frozen) override;
  void backward(Context<T>& context, const Tensor<T>& dlogits) override;

 private:
  Tensor<T> embed(Context<T>& context, int level, Tensor<T> x);

  PosterV2Config config_;
  std::unique_ptr<MobileFaceNet<T>> face_landback_;
  std::unique_ptr<VisionTransformer<T>> vit_;
  std::unique_ptr<Ir50<T>> ir_back_;
  std::vector<CrossLevel<T>> levels_;
  std::unique_ptr<Conv2d<T>> last_face_conv_, embed_q0_, embed_q1_, embed_k_, embed_v_;
  std::array<Tensor<T>, 3> kept_landmarks_, kept_maps_;  // of frozen backbones
};

}  // namespace poster
