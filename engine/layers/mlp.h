// Two linear layers with a GELU between them.
#pragma once

#include <string>

#include "engine/context.h"
#include "engine/layers/linear.h"

namespace poster {

template <typename T>
class Mlp {
 public:
  // Adds `name`.fc1 (width to hidden) and `name`.fc2 (hidden to width). sigma: see Linear::Options.
  Mlp(ParameterTable& table, const std::string& name, index_t width, index_t hidden, double sigma = 0);
  Tensor<T> forward(Context<T>& context, Tensor<T> x);
  Tensor<T> backward(Context<T>& context, const Tensor<T>& dy);

 private:
  Linear<T> fc1_, fc2_;
  Tensor<T> hidden_;
};

}  // namespace poster
