// POSTER V1: two backbones, whose last maps become two streams of tokens, and a pyramid of cross-fusion.
// Source: Zheng et al., "POSTER: A Pyramid Cross-Fusion Transformer Network for Facial Expression
// Recognition", 2022; names, shapes and order of the state dict are those of its public reference code.
#pragma once

#include <array>
#include <memory>

#include "engine/layers/linear.h"
#include "engine/layers/se_block.h"
#include "model/ir50.h"
#include "model/mobile_face_net.h"
#include "model/network.h"
#include "model/pyramid_fuse.h"

namespace poster {

template <typename T>
class PosterV1 : public Network<T> {
 public:
  PosterV1(ParameterTable& table, const PosterV1Config& config);

  Tensor<T> forward(Context<T>& context, const Tensor<T>& images, FrozenFeatures frozen) override;
  void backward(Context<T>& context, const Tensor<T>& dlogits) override;

 private:
  PosterV1Config config_;
  MobileFaceNet<T> face_landback_;
  Ir50<T> ir_back_;
  Linear<T> ir_layer_;
  PyramidFuse<T> pyramid_fuse_;
  SeBlock<T> se_block_;
  Linear<T> head_;
  Shape map_;                                            // of the image backbone
  std::array<Tensor<T>, 3> kept_landmarks_, kept_maps_;  // of frozen backbones
};

}  // namespace poster
