// Of CUDA: on the simulator the stand-in of cuDNN, in ops_calls_test our calls to it, on a GPU itself.
#include "kernels/conv2d/conv2d.h"

#include <algorithm>

#include "tests/ops/suite/op_test.h"

namespace poster::test {
namespace {

using kernels::Conv2dAccuracy, kernels::Conv2dBackwardData, kernels::Conv2dBackwardWeights,
    kernels::Conv2dForward, kernels::Conv2dForwardEval, kernels::Conv2dShape;

// The definition in kernels/conv2d/conv2d.h, word for word: calls f(y index, x index, w index) for every
// product.
template <typename F>
void for_each_product(const Conv2dShape& s, F f) {
  for (index_t n = 0; n < s.batch; ++n)
    for (index_t i = 0; i < s.out_height(); ++i)
      for (index_t j = 0; j < s.out_width(); ++j)
        for (index_t r = 0; r < s.kernel; ++r)
          for (index_t q = 0; q < s.kernel; ++q) {
            const index_t row = i * s.stride + r - s.padding, column = j * s.stride + q - s.padding;
            if (row < 0 || row >= s.height || column < 0 || column >= s.width) continue;
            for (index_t o = 0; o < s.c_out; ++o)
              for (index_t c = 0; c < s.c_in; ++c)
                f(((n * s.out_height() + i) * s.out_width() + j) * s.c_out + o,
                  ((n * s.height + row) * s.width + column) * s.c_in + c,
                  ((o * s.kernel + r) * s.kernel + q) * s.c_in + c);
          }
}

void reference(const Conv2dForward<double>& a) {
  const Conv2dShape& s = a.shape;
  for (index_t i = 0; i < s.batch * s.out_height() * s.out_width() * s.c_out; ++i)
    a.y[i] = a.bias ? a.bias[i % s.c_out] : 0;
  for_each_product(s, [&](index_t y, index_t x, index_t w) { a.y[y] += a.x[x] * a.w[w]; });
}

void reference(const Conv2dForwardEval<double>& a) {
  const Conv2dShape& s = a.shape;
  reference(Conv2dForward<double>{.y = a.y, .x = a.x, .w = a.w, .bias = a.bias, .shape = s});
  for (index_t i = 0; i < s.batch * s.out_height() * s.out_width() * s.c_out; ++i) {
    if (a.slope && a.y[i] <= 0) a.y[i] *= a.slope[i % s.c_out];
    if (a.residual) a.y[i] += a.residual[i];
  }
}

void reference(const Conv2dBackwardData<double>& a) {
  const Conv2dShape& s = a.shape;
  std::fill_n(a.dx, s.batch * s.height * s.width * s.c_in, 0);
  for_each_product(s, [&](index_t y, index_t x, index_t w) { a.dx[x] += a.dy[y] * a.w[w]; });
}

void reference(const Conv2dBackwardWeights<double>& a) {
  const Conv2dShape& s = a.shape;
  std::fill_n(a.dw, s.c_out * s.kernel * s.kernel * s.c_in, 0);
  for_each_product(s, [&](index_t y, index_t x, index_t w) { a.dw[w] += a.dy[y] * a.x[x]; });
  if (!a.dbias) return;
  std::fill_n(a.dbias, s.c_out, 0);
  for (index_t i = 0; i < s.batch * s.out_height() * s.out_width() * s.c_out; ++i)
    a.dbias[i % s.c_out] += a.dy[i];
}

const bool added = [] {
  // A product with what is beyond the map's border is 0 times a weight: NaN there comes out.
  auto forward = op_test<Conv2dForward>({.reference = reference,
                                         .tolerance = 2e-6,
                                         .cuda_tolerance = 1e-5,
                                         .exact_tolerance = 1e-13,
                                         .gradient_tolerance = 1e-7,
                                         .nan_follows = false});
  auto eval = op_test<Conv2dForwardEval>({.reference = reference,
                                          .tolerance = 2e-6,
                                          .cuda_tolerance = 1e-5,
                                          .exact_tolerance = 1e-13,
                                          .nan_follows = false,
                                          .compared = {"x", "w", "bias"}});
  auto data = op_test<Conv2dBackwardData>({.reference = reference,
                                           .tolerance = 2e-6,
                                           .cuda_tolerance = 1e-5,
                                           .exact_tolerance = 1e-13,
                                           .gradient_tolerance = 1e-7,
                                           .nan_follows = false});
  auto weights = op_test<Conv2dBackwardWeights>({.reference = reference,
                                                 .tolerance = 2e-6,
                                                 .cuda_tolerance = 1e-5,
                                                 .exact_tolerance = 1e-13,
                                                 .gradient_tolerance = 1e-7,
                                                 .nan_follows = false});
  const auto add = [&](const Conv2dShape& shape, Conv2dAccuracy accuracy, CaseOptions o = {}) {
    // Tensor cores exceed float's own error a little. Where cuDNN doesn't add the bias it is added
    // afterwards, and the sum rounded again; it may give the gradient of 16-bit weights in 16 bits.
    constexpr double kHalfTolerance = 5e-5;
    o.half_tolerance = kHalfTolerance + 1. / 2048;
    const auto f = forward.add({.shape = shape, .accuracy = accuracy}, o);
    o.gradient_of = f;
    o.half_tolerance = kHalfTolerance;
    o.rounded_to_half = {"dw"};
    data.add({.shape = shape, .accuracy = accuracy}, o);
    weights.add({.shape = shape, .accuracy = accuracy}, o);
  };
  for (const Conv2dShape& shape :
       {Conv2dShape{1, 1, 1, 1, 1, 1}, Conv2dShape{1, 1, 1, 2, 3, 3, 1, 1},
        Conv2dShape{2, 5, 7, 3, 5, 3, 1, 1}, Conv2dShape{2, 7, 9, 5, 3, 3, 2, 1},
        Conv2dShape{1, 12, 12, 3, 64, 3, 1, 1}, Conv2dShape{2, 9, 9, 3, 17, 3, 2, 1},
        Conv2dShape{2, 7, 7, 16, 24, 3, 2, 1}, Conv2dShape{1, 8, 6, 33, 19, 3, 2, 1},
        Conv2dShape{2, 8, 8, 16, 24, 3, 1, 1}, Conv2dShape{2, 7, 9, 48, 40, 3, 1, 1},
        Conv2dShape{2, 14, 14, 32, 48, 1, 2, 0}, Conv2dShape{3, 5, 5, 20, 31, 1, 1, 0},
        Conv2dShape{2, 9, 7, 24, 40, 1}, Conv2dShape{2, 14, 14, 16, 32, 1, 2},
        Conv2dShape{1, 7, 7, 16, 8, 1, 3, 1}, Conv2dShape{1, 9, 8, 18, 7, 5, 3, 2},
        Conv2dShape{3, 5, 6, 7, 11, 5, 3, 2}, Conv2dShape{1, 6, 6, 17, 9, 3, 1, 0},
        Conv2dShape{1, 11, 11, 2, 3, 9, 1, 4}, Conv2dShape{1, 10, 10, 16, 5, 2, 2, 0},
        Conv2dShape{2, 6, 4, 8, 16, 2, 2}, Conv2dShape{1, 5, 5, 400, 18, 3, 1, 1},
        Conv2dShape{1, 5, 5, 18, 400, 3, 2, 1}, Conv2dShape{1, 30, 40, 17, 9, 3, 1, 1},
        Conv2dShape{2, 14, 14, 3, 16, 3, 1, 1}, Conv2dShape{2, 14, 14, 3, 16, 3, 2, 1},
        Conv2dShape{3, 14, 14, 16, 16, 3, 1, 1}, Conv2dShape{3, 14, 14, 16, 32, 3, 2, 1},
        Conv2dShape{2, 7, 7, 64, 32, 3, 1, 1},
        // Nothing: gradients of weights are 0.
        Conv2dShape{0, 8, 8, 16, 24, 3, 1, 1}, Conv2dShape{0, 8, 8, 16, 24, 1}})
    add(shape, Conv2dAccuracy::exact);
  // Minimal filtering in tiles of 2 and of 4; larger maps are tests/kernels/winograd_test.cpp's.
  for (const Conv2dShape& shape :
       {Conv2dShape{8, 6, 6, 16, 16, 3, 1, 1}, Conv2dShape{8, 8, 8, 16, 16, 3, 1, 1},
        Conv2dShape{9, 7, 9, 32, 16, 3, 1, 1}, Conv2dShape{3, 14, 14, 16, 16, 3, 1, 1}}) {
    add(shape, Conv2dAccuracy::high, {.tolerance = 5e-6, .cuda_tolerance = 1e-4});
    add(shape, Conv2dAccuracy::fast, {.tolerance = 5e-5, .cuda_tolerance = 1e-4});
  }
  // Stem, unit, down, shortcut, a plain product, nothing; where cuDNN fuses nothing it is rounded three times.
  for (const Conv2dShape& shape :
       {Conv2dShape{1, 1, 1, 2, 3, 3, 1, 1}, Conv2dShape{2, 9, 9, 3, 16, 3, 1, 1},
        Conv2dShape{2, 7, 7, 16, 24, 3, 1, 1}, Conv2dShape{1, 8, 6, 33, 19, 3, 2, 1},
        Conv2dShape{2, 14, 14, 16, 32, 1, 2, 0}, Conv2dShape{2, 9, 7, 24, 40, 1},
        Conv2dShape{0, 8, 8, 16, 24, 3, 1, 1}})
    eval.add({.shape = shape, .accuracy = Conv2dAccuracy::exact}, {.half_tolerance = 5e-5 + 3. / 2048});
  forward.refuses({.shape = {1, 4, 4, 2, 2, 7, 1, 1}}, "the kernel fit into the padded map");
  data.refuses({.shape = {1, 4, 4, 2, 2, 3, 0, 1}}, "stride must be at least 1");
  weights.refuses({.shape = {-1, 4, 4, 2, 2, 3, 1, 1}}, "negative");
  return true;
}();

}  // namespace
}  // namespace poster::test
