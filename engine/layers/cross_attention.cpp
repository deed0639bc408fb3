#include "engine/layers/cross_attention.h"

#include <cmath>

namespace poster {

template <typename T>
CrossAttention<T>::CrossAttention(ParameterTable& table, const std::string& name, index_t width,
                                  index_t heads)
    : width_(width),
      heads_(heads),
      kv_linear_(table, name + ".kv", width, 2 * width),
      proj_(table, name + ".proj", width, width) {}

template <typename T>
kernels::AttentionShape CrossAttention<T>::shape(const Tensor<T>& query, const Tensor<T>& kv) const {
  const index_t head_size = width_ / heads_;
  return {.batch = query.shape()[0],
          .heads = heads_,
          .head_size = head_size,
          .queries = query.shape()[1],
          .keys = kv.shape()[1],
          .q_stride = width_,
          .kv_stride = 2 * width_,
          .scale = 1 / std::sqrt(static_cast<double>(head_size))};
}

template <typename T>
Tensor<T> CrossAttention<T>::forward(Context<T>& c, Tensor<T> x, Tensor<T> query) {
  Tensor<T> kv = c.tensor({x.shape()[0], x.shape()[1], 2 * width_});
  kv_linear_.forward_columns(c, x, kv, 0, 2 * width_);
  const kernels::AttentionShape s = shape(query, kv);
  Tensor<T> out = c.tensor(query.shape());
  Tensor<acc_t<T>> lse = c.pass.training ? c.sums({s.batch, heads_, s.queries}) : Tensor<acc_t<T>>();
  c.run(kernels::AttentionForward<T>{.out = out.data(),
                                     .lse = lse.data(),
                                     .q = query.data(),
                                     .k = kv.data(),
                                     .v = kv.data() + width_,
                                     .shape = s});
  if (c.pass.training) {
    x_ = std::move(x);
    query_ = std::move(query);
    kv_ = std::move(kv);
    out_ = out;
    lse_ = std::move(lse);
  }
  return proj_.forward(c, std::move(out));
}

template <typename T>
void CrossAttention<T>::backward(Context<T>& c, const Tensor<T>& dy, const Tensor<T>& dx,
                                 const Tensor<T>& dquery) {
  Tensor<T> dout = proj_.backward(c, dy);
  Tensor<T> dkv = c.tensor(kv_.shape());
  c.run(kernels::AttentionBackward<T>{.dq = dquery.data(),
                                      .dk = dkv.data(),
                                      .dv = dkv.data() + width_,
                                      .dout = dout.data(),
                                      .out = out_.data(),
                                      .lse = lse_.data(),
                                      .q = query_.data(),
                                      .k = kv_.data(),
                                      .v = kv_.data() + width_,
                                      .shape = shape(query_, kv_)});
  query_ = kv_ = out_ = dout = {};
  lse_ = {};
  kv_linear_.backward_columns(c, dkv, x_, dx, 0, 2 * width_);
  x_ = {};
}

template class CrossAttention<float>;
template class CrossAttention<double>;
template class CrossAttention<Half>;

}  // namespace poster
