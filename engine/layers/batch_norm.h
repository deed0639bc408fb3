// Batch norm layer, with a PReLU and a residual fused in where they follow; see
// kernels/batch_norm/batch_norm.h.
#pragma once

#include <string>

#include "engine/context.h"

namespace poster {

// Mean and sum of squared differences from it of each channel of a map.
struct Moments {
  Tensor<double> mean, squares;
  explicit operator bool() const { return static_cast<bool>(mean); }
};

template <typename T>
class BatchNorm {
 public:
  // Adds `name`.weight, .bias, .running_mean, .running_var [channels], .num_batches_tracked and, with a prelu
  // name, `prelu`.weight [channels].
  BatchNorm(ParameterTable& table, const std::string& name, index_t channels, Role role = Role::trained,
            const std::string& prelu = "");

  // Normalises over all but the last dimension. In train mode the running statistics move
  // Pass::statistics_updates times. `of_y`: takes the result's moments, in train mode, for a norm that comes
  // next.
  Tensor<T> forward(Context<T>& context, Tensor<T> x, const Tensor<T>& residual = {},
                    Moments* of_y = nullptr);
  // Of an x whose moments may be known (of a norm without PReLU).
  Tensor<T> forward(Context<T>& context, Tensor<T> x, const Moments& of_x);
  // What is left of it when the convolution before it has taken it in: a bias and the PReLU's slope (or null).
  const acc_t<T>* bias(Context<T>& context) const { return context.value(bias_); }
  const T* folded_bias(Context<T>& context) const { return context.weight(bias_); }
  const acc_t<T>* slope(Context<T>& context) const { return context.value(slope_); }
  FoldedNorm folded_into(ParameterId conv_weight) const {
    return {conv_weight, weight_, bias_, running_mean_, running_var_};
  }
  // Writes the parameters' gradients; returns the gradient of x, with `dx_add` added (in its place when nobody
  // else has it). The residual's gradient is dy.
  Tensor<T> backward(Context<T>& context, const Tensor<T>& dy, Tensor<T> dx_add = {});

 private:
  Tensor<T> forward_train(Context<T>& context, Tensor<T> x, const Tensor<T>& residual, const Moments* of_x,
                          Moments* of_y);

  index_t channels_;
  Role role_;
  ParameterId weight_, bias_, running_mean_, running_var_, batches_, slope_;
  Tensor<T> x_;
  Tensor<acc_t<T>> mean_, rstd_;
};

}  // namespace poster
