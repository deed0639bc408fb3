// Multi-head self-attention over tokens [batch, tokens, width]; see kernels/attention/attention.h.
#pragma once

#include <string>

#include "engine/context.h"
#include "engine/layers/linear.h"

namespace poster {

enum class Queries {
  all,
  // Queries, and outputs, for token 0 alone ([batch, 1, width]); exact, for a last block of which nothing
  // else is read.
  class_token,
};

template <typename T>
class SelfAttention {
 public:
  // Adds `name`.qkv (width to 3 width, with bias) and `name`.proj (width to width).
  SelfAttention(ParameterTable& table, const std::string& name, index_t width, index_t heads,
                double sigma = 0);

  // Backward follows what forward did.
  Tensor<T> forward(Context<T>& context, Tensor<T> x, Queries queries = Queries::all);
  Tensor<T> backward(Context<T>& context, const Tensor<T>& dy);

 private:
  struct Views;
  Views views(const Tensor<T>& q, const Tensor<T>& kv) const;

  index_t width_, heads_;
  Linear<T> qkv_, proj_;
  Tensor<T> x_, x_class_, q_, kv_, out_;
  Tensor<acc_t<T>> lse_;
};

// The first token of each image, [batch, tokens, width] to [batch, 1, width], and its gradient put back among
// zeros.
template <typename T>
Tensor<T> take_class_token(Context<T>& context, const Tensor<T>& x);
// dx[:, 0] += dy[:, 0].
template <typename T>
void add_to_class_token(Context<T>& context, const Tensor<T>& dx, const Tensor<T>& dy);

}  // namespace poster
