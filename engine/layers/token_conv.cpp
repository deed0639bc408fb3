#include "engine/layers/token_conv.h"

#include "kernels/column_sum/column_sum.h"
#include "kernels/matmul/matmul.h"

namespace poster {

template <typename T>
TokenConv<T>::TokenConv(ParameterTable& table, const std::string& name, index_t in, index_t out,
                        index_t kernel)
    : kernel_(kernel), linear_(table, name, kernel * in, out, {.kernel = kernel}) {}

template <typename T>
Tensor<T> TokenConv<T>::forward(Context<T>& c, const Tensor<T>& x) {
  const Shape& s = x.shape();
  return linear_.forward(c, x.reshaped({s[0], s[1] / kernel_, kernel_ * s[2]}));
}

template <typename T>
Tensor<T> TokenConv<T>::backward(Context<T>& c, const Tensor<T>& dy) {
  Tensor<T> dx = linear_.backward(c, dy);
  const Shape& s = dx.shape();
  return dx.reshaped({s[0], s[1] * kernel_, s[2] / kernel_});
}

template <typename T>
TokenConvTranspose<T>::TokenConvTranspose(ParameterTable& table, const std::string& name, index_t in,
                                          index_t out, index_t kernel)
    : in_(in), out_(out), kernel_(kernel) {
  // PyTorch takes the second dimension for the fan-in, transposed or not.
  const auto initialiser = Initialiser::default_for_fan_in(static_cast<double>(out * kernel));
  weight_ = table.add({.name = name + ".weight",
                       .shape = {in, out, kernel},
                       .layout = Layout::conv,
                       .initialiser = initialiser,
                       .product_operand = true});
  bias_ = table.add({.name = name + ".bias", .shape = {out}, .initialiser = initialiser});
}

// Inside, the weight is [in, kernel, out]: a row of y has the kernel's places side by side.
template <typename T>
void TokenConvTranspose<T>::forward(Context<T>& c, Tensor<T> x, const Tensor<T>& y) {
  const index_t row = kernel_ * out_;
  c.run([&](auto& queue) {
    for (index_t place = 0; place < kernel_; ++place)
      kernels::run(queue, kernels::Matmul<T>{.c = y.data() + place * out_,
                                             .a = x.data(),
                                             .b = c.weight(weight_) + place * out_,
                                             .bias = c.weight(bias_),
                                             .m = x.rows(),
                                             .n = out_,
                                             .k = in_,
                                             .lda = in_,
                                             .ldb = row,
                                             .ldc = row,
                                             .accumulate = true});
  });
  if (c.pass.training) x_ = std::move(x);
}

template <typename T>
void TokenConvTranspose<T>::backward(Context<T>& c, const Tensor<T>& dy, const Tensor<T>& dx,
                                     Gradient gradient) {
  const index_t row = kernel_ * out_, rows = x_.rows();
  c.run([&](auto& queue) {
    kernels::run(queue, kernels::Matmul<T, acc_t<T>>{.c = c.gradient(weight_),
                                                     .a = x_.data(),
                                                     .b = dy.data(),
                                                     .m = in_,
                                                     .n = row,
                                                     .k = rows,
                                                     .lda = in_,
                                                     .ldb = row,
                                                     .ldc = row,
                                                     .transpose_a = true});
    kernels::run(queue,
                 kernels::ColumnSum<T>{
                     .out = c.gradient(bias_), .x = dy.data(), .rows = rows * kernel_, .columns = out_});
    kernels::run(queue, kernels::Matmul<T>{.c = dx.data(),
                                           .a = dy.data(),
                                           .b = c.weight(weight_),
                                           .m = rows,
                                           .n = in_,
                                           .k = row,
                                           .lda = row,
                                           .ldb = row,
                                           .ldc = in_,
                                           .transpose_b = true,
                                           .accumulate = gradient == Gradient::accumulate});
  });
  x_ = {};
}

template class TokenConv<float>;
template class TokenConv<double>;
template class TokenConv<Half>;
template class TokenConvTranspose<float>;
template class TokenConvTranspose<double>;
template class TokenConvTranspose<Half>;

}  // namespace poster
