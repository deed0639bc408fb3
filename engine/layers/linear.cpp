#include "engine/layers/linear.h"

#include "kernels/matmul/matmul.h"

namespace poster {
namespace {

Shape with_back(Shape shape, index_t back) {
  shape.dims[shape.rank - 1] = back;
  return shape;
}

}  // namespace

template <typename T>
Linear<T>::Linear(ParameterTable& table, const std::string& name, index_t in, index_t out, Options options)
    : in_(in), out_(out) {
  const auto initialiser = [&](bool bias) {
    if (options.sigma == 0) return Initialiser::default_for_fan_in(static_cast<double>(in));
    return bias ? Initialiser::constant(0) : Initialiser::truncated_normal(options.sigma);
  };
  const index_t kernel = options.kernel;
  weight_ = table.add({.name = name + ".weight",
                       .shape = kernel ? std::vector<std::int64_t>{out, in / kernel, kernel}
                                       : std::vector<std::int64_t>{out, in},
                       .layout = kernel ? Layout::conv : Layout::plain,
                       .initialiser = initialiser(false),
                       .product_operand = true});
  if (options.bias)
    bias_ = table.add({.name = name + ".bias", .shape = {out}, .initialiser = initialiser(true)});
}

template <typename T>
Tensor<T> Linear<T>::forward(Context<T>& c, Tensor<T> x, Bias bias) {
  Tensor<T> y = c.tensor(with_back(x.shape(), out_));
  forward_columns(c, x, y, 0, out_, bias);
  if (c.pass.training) x_ = std::move(x);
  return y;
}

template <typename T>
Tensor<T> Linear<T>::backward(Context<T>& c, const Tensor<T>& dy) {
  Tensor<T> dx = c.tensor(x_.shape());
  backward_columns(c, dy, x_, dx, 0, out_);
  x_ = {};
  return dx;
}

template <typename T>
void Linear<T>::forward_columns(Context<T>& c, const Tensor<T>& x, const Tensor<T>& y, index_t first,
                                index_t count, Bias bias) {
  c.run(kernels::Matmul<T>{.c = y.data(),
                           .a = x.data(),
                           .b = c.weight(weight_) + first * in_,
                           .bias = bias_ && bias == Bias::add ? c.weight(bias_) + first : nullptr,
                           .m = x.rows(),
                           .n = count,
                           .k = in_,
                           .lda = in_,
                           .ldb = in_,
                           .ldc = count,
                           .transpose_b = true});
}

template <typename T>
void Linear<T>::backward_columns(Context<T>& c, const Tensor<T>& dy, const Tensor<T>& x, const Tensor<T>& dx,
                                 index_t first, index_t count, Gradient gradient) {
  const index_t rows = x.rows();
  c.beside(Lane::gradients, [&c, this, dy, x, rows, first, count] {
    c.run(kernels::Matmul<T, acc_t<T>>{.c = c.gradient(weight_) + first * in_,
                                       .a = dy.data(),
                                       .b = x.data(),
                                       .a_sums = bias_ ? c.gradient(bias_) + first : nullptr,
                                       .m = count,
                                       .n = in_,
                                       .k = rows,
                                       .lda = count,
                                       .ldb = in_,
                                       .ldc = in_,
                                       .transpose_a = true});
  });
  if (gradient == Gradient::ignore) return;
  c.run(kernels::Matmul<T>{.c = dx.data(),
                           .a = dy.data(),
                           .b = c.weight(weight_) + first * in_,
                           .m = rows,
                           .n = in_,
                           .k = count,
                           .lda = count,
                           .ldb = in_,
                           .ldc = in_,
                           .accumulate = gradient == Gradient::accumulate});
}

template class Linear<float>;
template class Linear<double>;
template class Linear<Half>;

}  // namespace poster
