// Linear layer y = x Wᵀ + b over the last dimension; see kernels/matmul/matmul.h.
#pragma once

#include <string>

#include "engine/context.h"
#include "engine/layers/gradient.h"

namespace poster {

template <typename T>
class Linear {
 public:
  struct Options {
    bool bias = true;
    // Truncated normal weights of this deviation and zero bias, as in the ViT; 0 for PyTorch's default.
    double sigma = 0;
    // For a convolution whose stride is its kernel: the weight is [out, in / kernel, kernel] outside; 0 for a
    // plain linear layer.
    index_t kernel = 0;
  };
  // Adds `name`.weight [out, in] and `name`.bias [out].
  Linear(ParameterTable& table, const std::string& name, index_t in, index_t out, Options options);
  Linear(ParameterTable& table, const std::string& name, index_t in, index_t out)
      : Linear(table, name, in, out, Options{}) {}

  enum class Bias {
    add,
    leave,  // to what follows; it has its gradient all the same
  };
  // [..., in] to [..., out].
  Tensor<T> forward(Context<T>& context, Tensor<T> x, Bias bias = Bias::add);
  const acc_t<T>* bias(Context<T>& context) const { return context.value(bias_); }
  // Writes the gradients of weight and bias; returns the gradient of x.
  Tensor<T> backward(Context<T>& context, const Tensor<T>& dy);

  // Some outputs only: y[:, columns] = x W[columns]ᵀ + b[columns] for columns [first, first + count), keeping
  // nothing; and their share of backward. Together the parts must cover every output once. For layers that
  // want less of some tokens.
  void forward_columns(Context<T>& context, const Tensor<T>& x, const Tensor<T>& y, index_t first,
                       index_t count, Bias bias = Bias::add);
  // Writes the weight and bias gradients of these outputs, and that of x to dx as `gradient` says.
  void backward_columns(Context<T>& context, const Tensor<T>& dy, const Tensor<T>& x, const Tensor<T>& dx,
                        index_t first, index_t count, Gradient gradient = Gradient::overwrite);

 private:
  index_t in_ = 0, out_ = 0;
  ParameterId weight_, bias_;
  Tensor<T> x_;
};

}  // namespace poster
