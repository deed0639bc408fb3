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
  // Of sum = x + keep[n] (scale ⊙ f), the end of a residual branch, which is written, too; null: 1.
  Tensor<T> forward_of_sum(Context<T>& context, const Tensor<T>& x, const Tensor<T>& f, const Tensor<T>& sum,
                           const acc_t<T>* scale, const acc_t<T>* keep);
  // Returns the gradient of x plus `residual`, the gradient that reaches x past the norm; in `into`, which
  // may be dy or the residual, when given.
  Tensor<T> backward(Context<T>& context, const Tensor<T>& dy, const Tensor<T>& residual = {},
                     const Tensor<T>& into = {});

 private:
  void keep_statistics(Context<T>& context, index_t rows);

  index_t columns_;
  double eps_;
  ParameterId weight_, bias_;
  Tensor<T> x_;
  Tensor<acc_t<T>> mean_, rstd_;
};

}  // namespace poster
