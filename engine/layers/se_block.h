// Squeeze-and-excitation gate on a vector: y = x ⊙ sigmoid(W2 relu(W1 x + b1) + b2); see
// kernels/sigmoid_gate/sigmoid_gate.h.
#pragma once

#include <string>

#include "engine/context.h"
#include "engine/layers/linear.h"

namespace poster {

template <typename T>
class SeBlock {
 public:
  // Adds `name`.linear1 and `name`.linear2, both width to width.
  SeBlock(ParameterTable& table, const std::string& name, index_t width, double sigma = 0);
  Tensor<T> forward(Context<T>& context, Tensor<T> x);  // [batch, width]
  Tensor<T> backward(Context<T>& context, const Tensor<T>& dy);

 private:
  Linear<T> linear1_, linear2_;
  Tensor<T> x_, hidden_, z_;
};

}  // namespace poster
