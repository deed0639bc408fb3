// Layer norm over the last dimension; see kernels/layer_norm/layer_norm.h.
#pragma once

#include <string>

#include "engine/context.h"

namespace poster {

template <typename T>
class LayerNorm {
 public:
  // Adds `name`.weight and `name`.bias [columns].
  LayerNorm(ParameterTable& table, const std::string& name, index_t columns, double eps);
  Tensor<T> forward(Context<T>& context, Tensor<T> x);
  // Returns the gradient of x plus `residual`, the gradient that reaches x past the norm; in `into`, which
  // may be dy or the residual, when given.
  Tensor<T> backward(Context<T>& context, const Tensor<T>& dy, const Tensor<T>& residual = {},
                     const Tensor<T>& into = {});

 private:
  index_t columns_;
  double eps_;
  ParameterId weight_, bias_;
  Tensor<T> x_;
  Tensor<acc_t<T>> mean_, rstd_;
};

}  // namespace poster
