#include "engine/layers/self_attention.h"

#include <cmath>

#include "kernels/attention/attention.h"
#include "kernels/strided_rows/strided_rows.h"

namespace poster {

template <typename T>
SelfAttention<T>::SelfAttention(ParameterTable& table, const std::string& name, index_t width, index_t heads,
                                double sigma)
    : width_(width),
      heads_(heads),
      qkv_(table, name + ".qkv", width, 3 * width, {.sigma = sigma}),
      proj_(table, name + ".proj", width, width, {.sigma = sigma}) {}

// Where queries, keys and values lie: in one packed tensor, or, for the class token alone, in two.
template <typename T>
struct SelfAttention<T>::Views {
  T *q, *k, *v;
  kernels::AttentionShape shape;
};

template <typename T>
typename SelfAttention<T>::Views SelfAttention<T>::views(const Tensor<T>& q, const Tensor<T>& kv) const {
  const bool packed = !q;
  const Shape& s = kv.shape();
  const index_t head_size = width_ / heads_;
  T* keys = kv.data() ? kv.data() + (packed ? width_ : 0) : nullptr;
  return {packed ? kv.data() : q.data(),
          keys,
          keys ? keys + width_ : nullptr,
          {.batch = s[0],
           .heads = heads_,
           .head_size = head_size,
           .queries = packed ? s[1] : 1,
           .keys = s[1],
           .q_stride = packed ? 3 * width_ : width_,
           .kv_stride = s[2],
           .scale = 1 / std::sqrt(static_cast<double>(head_size))}};
}

template <typename T>
Tensor<T> SelfAttention<T>::forward(Context<T>& c, Tensor<T> x, Queries queries) {
  const bool class_token_only = queries == Queries::class_token;
  const index_t batch = x.shape()[0], tokens = x.shape()[1];
  Tensor<T> q, kv;
  if (class_token_only) {
    Tensor<T> x_class = take_class_token(c, x);
    q = c.tensor({batch, 1, width_});
    kv = c.tensor({batch, tokens, 2 * width_});
    qkv_.forward_columns(c, x_class, q, 0, width_);
    qkv_.forward_columns(c, x, kv, width_, 2 * width_);
    if (c.pass.training) {
      x_ = std::move(x);
      x_class_ = std::move(x_class);
    }
  } else {
    kv = qkv_.forward(c, std::move(x));
  }
  const Views view = views(q, kv);
  Tensor<T> out = c.tensor({batch, view.shape.queries, width_});
  Tensor<acc_t<T>> lse = c.pass.training ? c.sums({batch, heads_, view.shape.queries}) : Tensor<acc_t<T>>();
  c.run(kernels::AttentionForward<T>{
      .out = out.data(), .lse = lse.data(), .q = view.q, .k = view.k, .v = view.v, .shape = view.shape});
  if (class_token_only && c.hooks.class_attention && !c.planning())
    c.hooks.class_attention(view.q, view.k, view.shape);
  if (c.pass.training) {
    q_ = std::move(q);
    kv_ = std::move(kv);
    out_ = out;
    lse_ = std::move(lse);
  }
  return proj_.forward(c, std::move(out));
}

template <typename T>
Tensor<T> SelfAttention<T>::backward(Context<T>& c, const Tensor<T>& dy) {
  const bool class_token_only = static_cast<bool>(q_);
  Tensor<T> dout = proj_.backward(c, dy);
  Tensor<T> dq = class_token_only ? c.tensor(q_.shape()) : Tensor<T>();
  Tensor<T> dkv = c.tensor(kv_.shape());
  const Views view = views(q_, kv_), gradient = views(dq, dkv);
  c.run(kernels::AttentionBackward<T>{.dq = gradient.q,
                                      .dk = gradient.k,
                                      .dv = gradient.v,
                                      .dout = dout.data(),
                                      .out = out_.data(),
                                      .lse = lse_.data(),
                                      .q = view.q,
                                      .k = view.k,
                                      .v = view.v,
                                      .shape = view.shape});
  q_ = kv_ = out_ = dout = {};
  lse_ = {};
  if (!class_token_only) return qkv_.backward(c, dkv);

  Tensor<T> dx = c.tensor(x_.shape()), dx_class = c.tensor(x_class_.shape());
  qkv_.backward_columns(c, dkv, x_, dx, width_, 2 * width_);
  qkv_.backward_columns(c, dq, x_class_, dx_class, 0, width_);
  add_to_class_token(c, dx, dx_class);
  x_ = x_class_ = {};
  return dx;
}

template <typename T>
Tensor<T> take_class_token(Context<T>& c, const Tensor<T>& x) {
  const Shape& s = x.shape();
  Tensor<T> y = c.tensor({s[0], 1, s[2]});
  c.run(kernels::StridedRows<T>{.out = y.data(),
                                .x = x.data(),
                                .rows = s[0],
                                .columns = s[2],
                                .out_stride = s[2],
                                .x_stride = s[1] * s[2]});
  return y;
}

template <typename T>
void add_to_class_token(Context<T>& c, const Tensor<T>& dx, const Tensor<T>& dy) {
  const Shape& s = dx.shape();
  c.run(kernels::StridedRows<T>{.out = dx.data(),
                                .x = dy.data(),
                                .rows = s[0],
                                .columns = s[2],
                                .out_stride = s[1] * s[2],
                                .x_stride = s[2],
                                .accumulate = true});
}

template class SelfAttention<float>;
template class SelfAttention<double>;
template class SelfAttention<Half>;
template Tensor<float> take_class_token(Context<float>&, const Tensor<float>&);
template Tensor<double> take_class_token(Context<double>&, const Tensor<double>&);
template Tensor<Half> take_class_token(Context<Half>&, const Tensor<Half>&);
template void add_to_class_token(Context<float>&, const Tensor<float>&, const Tensor<float>&);
template void add_to_class_token(Context<double>&, const Tensor<double>&, const Tensor<double>&);
template void add_to_class_token(Context<Half>&, const Tensor<Half>&, const Tensor<Half>&);

}  // namespace poster
