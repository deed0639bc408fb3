// Windowed cross-attention: keys and values from normalised windows, the landmark map as query; see
// kernels/window_attention/window_attention.h.
#pragma once

#include <string>

#include "engine/context.h"
#include "engine/layers/linear.h"

namespace poster {

template <typename T>
class WindowCrossAttention {
 public:
  // Adds `name`.relative_position_bias_table, .relative_position_index, .qkv (width to 2 width) and .proj.
  WindowCrossAttention(ParameterTable& table, const std::string& name, index_t width, index_t heads,
                       index_t window);

  // x: map [batch, rows window, columns window, width]; query: [batch, window, window, width], for every
  // window of an image. Returns [batch windows, window², width], windows in row-major order.
  Tensor<T> forward(Context<T>& context, const Tensor<T>& x, Tensor<T> query);
  // Returns the gradient of the map x; dquery, when given, is overwritten with the query's gradient.
  Tensor<T> backward(Context<T>& context, const Tensor<T>& dy, const Tensor<T>& dquery = {});

  // Between a map and its windows: [batch, h, w, width] and [batch windows, window², width].
  Tensor<T> to_windows(Context<T>& context, const Tensor<T>& map) const;
  Tensor<T> to_map(Context<T>& context, const Tensor<T>& windows, const Shape& map) const;

 private:
  index_t width_, heads_, window_;
  ParameterId bias_table_;
  Linear<T> qkv_, proj_;
  Shape map_;
  Tensor<T> query_, kv_, out_;
  Tensor<acc_t<T>> lse_;
};

}  // namespace poster
