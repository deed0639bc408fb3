#include "engine/layers/window_cross_attention.h"

#include <cmath>

#include "kernels/window_attention/window_attention.h"

namespace poster {
namespace {

kernels::WindowAttentionShape attention_shape(const Shape& map, index_t window, index_t heads) {
  const index_t head_size = map[3] / heads;
  return {.batch = map[0],
          .windows_per_image = map[1] / window * (map[2] / window),
          .window = window,
          .heads = heads,
          .head_size = head_size,
          // In single precision also for double: the reference holds this factor so, and its double outputs
          // show it.
          .scale = static_cast<float>(1 / std::sqrt(static_cast<double>(head_size)))};
}

ParameterId add_bias_table(ParameterTable& table, const std::string& name, index_t heads, index_t window) {
  const index_t rows = (2 * window - 1) * (2 * window - 1), tokens = window * window;
  const ParameterId id = table.add({.name = name + ".relative_position_bias_table",
                                    .shape = {rows, heads},
                                    .initialiser = Initialiser::truncated_normal(0.02)});
  table.add({.name = name + ".relative_position_index",
             .shape = {tokens, tokens},
             .role = Role::constant,
             .initialiser = {}});
  return id;
}

}  // namespace

template <typename T>
WindowCrossAttention<T>::WindowCrossAttention(ParameterTable& table, const std::string& name, index_t width,
                                              index_t heads, index_t window)
    : width_(width),
      heads_(heads),
      window_(window),
      bias_table_(add_bias_table(table, name, heads, window)),
      qkv_(table, name + ".qkv", width, 2 * width),
      proj_(table, name + ".proj", width, width) {}

template <typename T>
Tensor<T> WindowCrossAttention<T>::to_windows(Context<T>& c, const Tensor<T>& map) const {
  const Shape& s = map.shape();
  const index_t rows = s[1] / window_, columns = s[2] / window_;
  const Shape windows{s[0] * rows * columns, window_ * window_, width_};
  if (rows == 1 && columns == 1) return map.reshaped(windows);
  Tensor<T> out = c.tensor(windows);
  c.run(kernels::WindowPartition<T>{.out = out.data(),
                                    .x = map.data(),
                                    .batch = s[0],
                                    .rows = rows,
                                    .columns = columns,
                                    .window = window_,
                                    .channels = width_});
  return out;
}

template <typename T>
Tensor<T> WindowCrossAttention<T>::to_map(Context<T>& c, const Tensor<T>& windows, const Shape& map) const {
  const index_t rows = map[1] / window_, columns = map[2] / window_;
  if (rows == 1 && columns == 1) return windows.reshaped(map);
  Tensor<T> out = c.tensor(map);
  c.run(kernels::WindowPartition<T>{.out = out.data(),
                                    .x = windows.data(),
                                    .batch = map[0],
                                    .rows = rows,
                                    .columns = columns,
                                    .window = window_,
                                    .channels = width_,
                                    .reverse = true});
  return out;
}

template <typename T>
Tensor<T> WindowCrossAttention<T>::forward(Context<T>& c, const Tensor<T>& x, Tensor<T> query) {
  const auto shape = attention_shape(x.shape(), window_, heads_);
  Tensor<T> kv = qkv_.forward(c, to_windows(c, x));
  Tensor<T> out = c.tensor({kv.shape()[0], shape.tokens(), width_});
  Tensor<acc_t<T>> lse =
      c.pass.training ? c.sums({kv.shape()[0], heads_, shape.tokens()}) : Tensor<acc_t<T>>();
  c.run(kernels::WindowAttentionForward<T>{.out = out.data(),
                                           .lse = lse.data(),
                                           .q = query.data(),
                                           .kv = kv.data(),
                                           .table = c.value(bias_table_),
                                           .shape = shape});
  if (c.pass.training) {
    map_ = x.shape();
    query_ = std::move(query);
    kv_ = std::move(kv);
    out_ = out;
    lse_ = std::move(lse);
  }
  return proj_.forward(c, std::move(out));
}

template <typename T>
Tensor<T> WindowCrossAttention<T>::backward(Context<T>& c, const Tensor<T>& dy, const Tensor<T>& dquery) {
  Tensor<T> dout = proj_.backward(c, dy);
  Tensor<T> dkv = c.tensor(kv_.shape());
  c.run(kernels::WindowAttentionBackward<T>{.dq = dquery.data(),
                                            .dkv = dkv.data(),
                                            .dtable = c.gradient(bias_table_),
                                            .dout = dout.data(),
                                            .out = out_.data(),
                                            .lse = lse_.data(),
                                            .q = query_.data(),
                                            .kv = kv_.data(),
                                            .table = c.value(bias_table_),
                                            .shape = attention_shape(map_, window_, heads_)});
  query_ = kv_ = out_ = dout = {};
  lse_ = {};
  return to_map(c, qkv_.backward(c, dkv), map_);
}

template class WindowCrossAttention<float>;
template class WindowCrossAttention<double>;
template class WindowCrossAttention<Half>;

}  // namespace poster
