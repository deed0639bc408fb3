// Convolutions over the features of tokens, with the tokens as channels and a stride that is the kernel
// (PyTorch's Conv1d and ConvTranspose1d on [batch, tokens, features]). Here features come before tokens,
// [batch, features, tokens]: then each is one matrix product.
//
//   TokenConv           y[b, j, o] = bias[o] + sum over i, t of weight[o, i, t] x[b, j kernel + t, i]
//   TokenConvTranspose  y[b, j kernel + t, o] = bias[o] + sum over i of weight[i, o, t] x[b, j, i]
#pragma once

#include <string>

#include "engine/context.h"
#include "engine/layers/linear.h"

namespace poster {

template <typename T>
class TokenConv {
 public:
  // Adds `name`.weight [out, in, kernel] and `name`.bias [out].
  TokenConv(ParameterTable& table, const std::string& name, index_t in, index_t out, index_t kernel);
  // [batch, features, in] to [batch, features / kernel, out]; features is a multiple of the kernel.
  Tensor<T> forward(Context<T>& context, const Tensor<T>& x);
  Tensor<T> backward(Context<T>& context, const Tensor<T>& dy);

 private:
  index_t kernel_;
  Linear<T> linear_;
};

template <typename T>
class TokenConvTranspose {
 public:
  // Adds `name`.weight [in, out, kernel] and `name`.bias [out].
  TokenConvTranspose(ParameterTable& table, const std::string& name, index_t in, index_t out, index_t kernel);
  // Adds the result for x [batch, features, in] to y [batch, features kernel, out].
  void forward(Context<T>& context, Tensor<T> x, const Tensor<T>& y);
  // Writes the gradient of x to dx as `gradient` says.
  void backward(Context<T>& context, const Tensor<T>& dy, const Tensor<T>& dx, Gradient gradient);

 private:
  index_t in_, out_, kernel_;
  ParameterId weight_, bias_;
  Tensor<T> x_;
};

}  // namespace poster
