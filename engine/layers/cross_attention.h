// Multi-head attention of one set of tokens to another: keys and values from x, the query as it is, without a
// projection; see kernels/attention/attention.h.
#pragma once

#include <string>

#include "engine/context.h"
#include "engine/layers/linear.h"
#include "kernels/attention/attention.h"

namespace poster {

template <typename T>
class CrossAttention {
 public:
  // Adds `name`.kv (width to 2 width, with bias) and `name`.proj (width to width).
  CrossAttention(ParameterTable& table, const std::string& name, index_t width, index_t heads);

  // x: [batch, tokens, width]; query: [batch, queries, width]. Returns [batch, queries, width].
  Tensor<T> forward(Context<T>& context, Tensor<T> x, Tensor<T> query);
  // Overwrites dx and dquery with the gradients of x and of the query.
  void backward(Context<T>& context, const Tensor<T>& dy, const Tensor<T>& dx, const Tensor<T>& dquery);

 private:
  kernels::AttentionShape shape(const Tensor<T>& query, const Tensor<T>& kv) const;

  index_t width_, heads_;
  Linear<T> kv_linear_, proj_;
  Tensor<T> x_, query_, kv_, out_;
  Tensor<acc_t<T>> lse_;
};

}  // namespace poster
