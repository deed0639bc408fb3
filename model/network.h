// What a network is to everything above it: parameters in a table, forward, backward.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/context.h"
#include "model/backbone_config.h"
#include "model/freeze.h"

namespace poster {

// What a forward pass does with the parts that are frozen: in a SAM step both passes see the same batch, so a
// frozen part runs once and moves its running statistics as often as the reference does.
enum class FrozenFeatures {
  compute,           // run them, one move of their statistics
  compute_and_keep,  // run them, two moves, and keep the result for a second pass
  reuse,             // take what was kept
};

template <typename T>
class Network {
 public:
  virtual ~Network() = default;

  // images: [batch, h, w, 3], normalised, any h and w. Returns logits [batch, outputs].
  virtual Tensor<T> forward(Context<T>& context, const Tensor<T>& images,
                            FrozenFeatures frozen = FrozenFeatures::compute) = 0;
  // After a forward pass in train mode: writes every trained parameter's gradient.
  virtual void backward(Context<T>& context, const Tensor<T>& dlogits) = 0;
};

struct ModelInfo {
  std::string name;
  std::string description;
  std::string head = "";  // the module of the last linear layer, whose rows are the outputs
  // It reduces its input to this height and width by nearest neighbour.
  index_t input_side = kInputSide;
  // The recipe it was published with: its loss, and what it is trained with where nothing else is said.
  std::string recipe = "augmented";
  // Whether pretrained weights of its backbones are published: what it reaches from random ones is not what
  // is reported of it.
  bool wants_pretrained = false;
  // What suits the model better than a recipe made for a full network, when it is trained from random
  // weights; 0: the recipe's.
  double learning_rate = 0;
  int batch_size = 0;
  // Whether its class token looks at places of the image (model/predictor.h).
  bool attention_map = false;
};

const std::vector<ModelInfo>& models();
// Throws Error that lists the models for an unknown name.
const ModelInfo& model_info(const std::string& name);

// Builds the network and adds its parameters to the table. Throws Error that lists the models for an unknown
// name.
template <typename T>
std::unique_ptr<Network<T>> make_network(const std::string& model, index_t outputs, ParameterTable& table,
                                         const Freeze& freeze = {});

}  // namespace poster
