#include "engine/layers/conv2d.h"

#include <utility>

namespace poster {

template <typename T>
Conv2d<T>::Conv2d(ParameterTable& table, const std::string& name, const Conv2dOptions& o) : options_(o) {
  const double fan_in = static_cast<double>(o.in * o.kernel * o.kernel);
  const double fan_out = static_cast<double>(o.out * o.kernel * o.kernel);
  weight_ = table.add({.name = name + ".weight",
                       .shape = {o.out, o.in, o.kernel, o.kernel},
                       .role = o.role,
                       .layout = Layout::conv,
                       .initialiser = o.kaiming_fan_out ? Initialiser::kaiming_normal(fan_out)
                                                        : Initialiser::default_for_fan_in(fan_in),
                       .product_operand = true});
  if (o.bias)
    bias_ = table.add({.name = name + ".bias",
                       .shape = {o.out},
                       .role = o.role,
                       .initialiser = Initialiser::default_for_fan_in(fan_in)});
}

template <typename T>
kernels::Conv2dShape Conv2d<T>::shape_for(const Shape& x) const {
  return {.batch = x[0],
          .height = x[1],
          .width = x[2],
          .c_in = options_.in,
          .c_out = options_.out,
          .kernel = options_.kernel,
          .stride = options_.stride,
          .padding = options_.padding};
}

template <typename T>
Tensor<T> Conv2d<T>::forward(Context<T>& c, Tensor<T> x) {
  const kernels::Conv2dShape shape = shape_for(x.shape());
  Tensor<T> y = c.tensor({shape.batch, shape.out_height(), shape.out_width(), shape.c_out});
  c.run(kernels::Conv2dForward<T>{
      .y = y.data(),
      .x = x.data(),
      .w = c.weight(weight_),
      .bias = c.weight(bias_),
      .shape = shape,
      .accuracy = c.pass.training ? kernels::Conv2dAccuracy::high : kernels::Conv2dAccuracy::fast});
  if (c.pass.training && options_.role == Role::trained) x_ = std::move(x);
  return y;
}

template <typename T>
Tensor<T> Conv2d<T>::forward_eval(Context<T>& c, const Tensor<T>& x, const Following& following) {
  const kernels::Conv2dShape shape = shape_for(x.shape());
  Tensor<T> y = c.tensor({shape.batch, shape.out_height(), shape.out_width(), shape.c_out});
  c.run(kernels::Conv2dForwardEval<T>{.y = y.data(),
                                      .x = x.data(),
                                      .w = c.weight(weight_),
                                      .bias = bias_ ? c.weight(bias_) : following.bias,
                                      .slope = following.slope,
                                      .residual = following.residual.data(),
                                      .shape = shape});
  return y;
}

template <typename T>
Tensor<T> Conv2d<T>::backward(Context<T>& c, const Tensor<T>& dy, Gradient gradient) {
  const Shape x_shape = x_.shape();
  const kernels::Conv2dShape shape = shape_for(x_shape);
  c.beside(Lane::gradients, [&c, this, shape, dy, x = std::exchange(x_, {})] {
    c.run(kernels::Conv2dBackwardWeights<T>{.dw = c.gradient(weight_),
                                            .dbias = c.gradient(bias_),
                                            .dy = dy.data(),
                                            .x = x.data(),
                                            .shape = shape});
  });
  if (gradient == Gradient::ignore) return {};
  Tensor<T> dx = c.tensor(x_shape);
  c.run(kernels::Conv2dBackwardData<T>{
      .dx = dx.data(), .dy = dy.data(), .w = c.weight(weight_), .shape = shape});
  return dx;
}

template <typename T>
DepthwiseConv2d<T>::DepthwiseConv2d(ParameterTable& table, const std::string& name, const Conv2dOptions& o)
    : options_(o) {
  const double area = static_cast<double>(o.kernel * o.kernel);
  weight_ = table.add({.name = name + ".weight",
                       .shape = {o.out, 1, o.kernel, o.kernel},
                       .role = o.role,
                       .layout = Layout::depthwise,
                       // PyTorch counts the fan-out of a grouped convolution over all output channels.
                       .initialiser = o.kaiming_fan_out
                                          ? Initialiser::kaiming_normal(static_cast<double>(o.out) * area)
                                          : Initialiser::default_for_fan_in(area)});
}

template <typename T>
kernels::DepthwiseConv2dShape DepthwiseConv2d<T>::shape_for(const Shape& x) const {
  return {.batch = x[0],
          .height = x[1],
          .width = x[2],
          .channels = x[3],
          .kernel = options_.kernel,
          .stride = options_.stride,
          .padding = options_.padding};
}

template <typename T>
Tensor<T> DepthwiseConv2d<T>::forward(Context<T>& c, Tensor<T> x) {
  const kernels::DepthwiseConv2dShape shape = shape_for(x.shape());
  Tensor<T> y = c.tensor({shape.batch, shape.out_height(), shape.out_width(), shape.channels});
  c.run(kernels::DepthwiseConv2dForward<T>{
      .y = y.data(), .x = x.data(), .w = c.value(weight_), .shape = shape});
  if (c.pass.training && options_.role == Role::trained) x_ = std::move(x);
  return y;
}

template <typename T>
Tensor<T> DepthwiseConv2d<T>::forward_with_prelu(Context<T>& c, const Tensor<T>& x, const acc_t<T>* x_slope,
                                                 const acc_t<T>* bias, const acc_t<T>* slope) {
  const kernels::DepthwiseConv2dShape shape = shape_for(x.shape());
  Tensor<T> y = c.tensor({shape.batch, shape.out_height(), shape.out_width(), shape.channels});
  c.run(kernels::DepthwiseConv2dPRelu<T>{.y = y.data(),
                                         .x = x.data(),
                                         .x_slope = x_slope,
                                         .w = c.value(weight_),
                                         .bias = bias,
                                         .slope = slope,
                                         .shape = shape});
  return y;
}

template <typename T>
Tensor<T> DepthwiseConv2d<T>::backward(Context<T>& c, const Tensor<T>& dy, Gradient gradient) {
  Tensor<T> dx = gradient == Gradient::ignore ? Tensor<T>() : c.tensor(x_.shape());
  c.run(kernels::DepthwiseConv2dBackward<T>{.dx = dx.data(),
                                            .dw = c.gradient(weight_),
                                            .dy = dy.data(),
                                            .x = x_.data(),
                                            .w = c.value(weight_),
                                            .shape = shape_for(x_.shape())});
  x_ = {};
  return dx;
}

template class Conv2d<float>;
template class Conv2d<double>;
template class Conv2d<Half>;
template class DepthwiseConv2d<float>;
template class DepthwiseConv2d<double>;
template class DepthwiseConv2d<Half>;

}  // namespace poster
