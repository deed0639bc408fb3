// Dense and depthwise 2-D convolution layers over N H W C maps; see kernels/conv2d/conv2d.h and
// kernels/depthwise_conv2d/depthwise_conv2d.h.
#pragma once

#include <string>

#include "engine/context.h"
#include "engine/layers/gradient.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/depthwise_conv2d/depthwise_conv2d.h"

namespace poster {

struct Conv2dOptions {
  index_t in, out, kernel, stride = 1, padding = 0;
  bool bias = false;
  Role role = Role::trained;

  bool kaiming_fan_out = false;  // else PyTorch's default
};

template <typename T>
class Conv2d {
 public:
  // Adds `name`.weight [out, in, kernel, kernel] and, with bias, `name`.bias [out].
  Conv2d(ParameterTable& table, const std::string& name, const Conv2dOptions& options);

  // [n, h, w, in] to [n, h', w', out].
  Tensor<T> forward(Context<T>& context, Tensor<T> x);
  // With what follows on it, not in train mode. `bias` [out]: for a convolution without one of its own.
  struct Following {
    const T* bias = nullptr;
    const acc_t<T>* slope = nullptr;  // of a PReLU
    Tensor<T> residual = {};
  };
  Tensor<T> forward_eval(Context<T>& context, const Tensor<T>& x, const Following& following);
  // Writes the gradients of weight and bias; returns the gradient of x, or an empty tensor to ignore it.
  Tensor<T> backward(Context<T>& context, const Tensor<T>& dy, Gradient gradient = Gradient::overwrite);

  ParameterId weight() const { return weight_; }

 private:
  kernels::Conv2dShape shape_for(const Shape& x) const;
  Conv2dOptions options_;
  ParameterId weight_, bias_;
  Tensor<T> x_;
};

// One filter for each channel (in = out), no bias.
template <typename T>
class DepthwiseConv2d {
 public:
  DepthwiseConv2d(ParameterTable& table, const std::string& name, const Conv2dOptions& options);
  Tensor<T> forward(Context<T>& context, Tensor<T> x);
  // For inference alone: prelu(convolution of prelu(x, x_slope) + bias, slope); x_slope null: of x.
  Tensor<T> forward_with_prelu(Context<T>& context, const Tensor<T>& x, const acc_t<T>* x_slope,
                               const acc_t<T>* bias, const acc_t<T>* slope);
  Tensor<T> backward(Context<T>& context, const Tensor<T>& dy, Gradient gradient = Gradient::overwrite);

  ParameterId weight() const { return weight_; }

 private:
  kernels::DepthwiseConv2dShape shape_for(const Shape& x) const;
  Conv2dOptions options_;
  ParameterId weight_;
  Tensor<T> x_;
};

}  // namespace poster
