// PReLU as a layer; see kernels/prelu/prelu.h.
#pragma once

#include <string>

#include "engine/context.h"

namespace poster {

template <typename T>
class PRelu {
 public:
  // Adds `name`.weight [channels], 0.25 each.
  PRelu(ParameterTable& table, const std::string& name, index_t channels, Role role = Role::trained);
  Tensor<T> forward(Context<T>& context, Tensor<T> x);
  // For a convolution that does it by itself.
  const acc_t<T>* slope(Context<T>& context) const { return context.value(slope_); }
  // Writes the slopes' gradient; returns the gradient of x, in dy's memory when nobody else needs it.
  Tensor<T> backward(Context<T>& context, Tensor<T> dy);

 private:
  index_t channels_;
  ParameterId slope_;
  Role role_;
  Tensor<T> x_;
};

}  // namespace poster
