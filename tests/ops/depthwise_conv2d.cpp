#include "kernels/depthwise_conv2d/depthwise_conv2d.h"

#include <algorithm>

#include "tests/ops/suite/op_test.h"

namespace poster::test {
namespace {

using kernels::DepthwiseConv2dBackward, kernels::DepthwiseConv2dForward, kernels::DepthwiseConv2dPRelu;
using Shape = kernels::DepthwiseConv2dShape;

// Calls f(y index, x index, w index) for every product of the definition in
// kernels/depthwise_conv2d/depthwise_conv2d.h.
template <typename F>
void for_each_product(const Shape& s, F f) {
  for (index_t n = 0; n < s.batch; ++n)
    for (index_t i = 0; i < s.out_height(); ++i)
      for (index_t j = 0; j < s.out_width(); ++j)
        for (index_t r = 0; r < s.kernel; ++r)
          for (index_t q = 0; q < s.kernel; ++q) {
            const index_t row = i * s.stride + r - s.padding, column = j * s.stride + q - s.padding;
            if (row < 0 || row >= s.height || column < 0 || column >= s.width) continue;
            for (index_t c = 0; c < s.channels; ++c)
              f(((n * s.out_height() + i) * s.out_width() + j) * s.channels + c,
                ((n * s.height + row) * s.width + column) * s.channels + c,
                (r * s.kernel + q) * s.channels + c);
          }
}

void reference(const DepthwiseConv2dForward<double>& a) {
  const Shape& s = a.shape;
  std::fill_n(a.y, s.batch * s.out_height() * s.out_width() * s.channels, 0);
  for_each_product(s, [&](index_t y, index_t x, index_t w) { a.y[y] += a.w[w] * a.x[x]; });
}

double prelu(double x, double slope) { return x > 0 ? x : slope * x; }

void reference(const DepthwiseConv2dPRelu<double>& a) {
  const Shape& s = a.shape;
  const index_t count = s.batch * s.out_height() * s.out_width() * s.channels;
  for (index_t i = 0; i < count; ++i) a.y[i] = a.bias[i % s.channels];
  for_each_product(s, [&](index_t y, index_t x, index_t w) {
    a.y[y] += a.w[w] * prelu(a.x[x], a.x_slope ? a.x_slope[x % s.channels] : 1);
  });
  for (index_t i = 0; i < count; ++i) a.y[i] = prelu(a.y[i], a.slope[i % s.channels]);
}

void reference(const DepthwiseConv2dBackward<double>& a) {
  const Shape& s = a.shape;
  if (a.dx) std::fill_n(a.dx, s.batch * s.height * s.width * s.channels, 0);
  if (a.dw) std::fill_n(a.dw, s.kernel * s.kernel * s.channels, 0);
  for_each_product(s, [&](index_t y, index_t x, index_t w) {
    if (a.dx) a.dx[x] += a.w[w] * a.dy[y];
    if (a.dw) a.dw[w] += a.dy[y] * a.x[x];
  });
}

const bool added = [] {
  auto forward = op_test<DepthwiseConv2dForward>(
      {.reference = reference, .exact_tolerance = 1e-14, .bits_for_any_alignment = true});
  auto with_prelu = op_test<DepthwiseConv2dPRelu>({.reference = reference,
                                                   .exact_tolerance = 1e-14,
                                                   .compared = {"x", "x_slope", "w", "bias"},
                                                   .bits_for_any_alignment = true});
  auto backward = op_test<DepthwiseConv2dBackward>(
      {.reference = reference, .gradient_tolerance = 1e-8, .bits_for_any_alignment = true});
  for (const Shape& shape :
       {Shape{1, 1, 1, 1, 1}, Shape{1, 1, 1, 3, 3, 1, 1}, Shape{1, 1, 1, 8, 3, 1, 1},
        Shape{2, 9, 7, 64, 3, 1, 1}, Shape{2, 8, 8, 33, 3, 2, 1}, Shape{1, 7, 9, 17, 3, 2, 1},
        Shape{3, 7, 7, 71, 7}, Shape{1, 6, 5, 5, 5, 1, 2}, Shape{1, 8, 8, 4, 2, 3, 0},
        Shape{1, 3, 3, 8, 2, 1, 2}, Shape{1, 9, 9, 8, 1, 4, 0}, Shape{2, 5, 6, 9, 3, 1, 1},
        // The network's, scaled down.
        Shape{2, 14, 14, 32, 3, 1, 1}, Shape{2, 14, 14, 24, 3, 2, 1}, Shape{2, 7, 7, 264, 3, 1, 1},
        // Odd sizes, channels that vectors don't fit.
        Shape{3, 5, 9, 5, 3, 1, 1}, Shape{3, 6, 5, 3, 3, 2, 1}, Shape{2, 4, 3, 8, 3, 2, 2},
        // Other kernels and strides.
        Shape{3, 7, 7, 16, 7}, Shape{2, 9, 8, 8, 7, 2, 3}, Shape{2, 8, 11, 12, 5, 2, 1},
        Shape{2, 6, 7, 4, 2, 2}, Shape{2, 10, 11, 8, 4, 3, 2}, Shape{1, 9, 9, 8, 6, 1, 5},
        // Many pixels: several chunks of them for dw.
        Shape{9, 20, 21, 8, 3, 1, 1}, Shape{9, 14, 14, 129, 3, 1, 1}, Shape{0, 5, 6, 9, 3, 1, 1}}) {
    const std::map<std::string, double> floors = {{"y", 1}, {"dx", 1}, {"dw", 1}};
    const auto f = forward.add({.shape = shape}, {.floors = floors});
    with_prelu.add({.shape = shape},
                   {.ranges = {{"x_slope", {-0.5, 1}}, {"slope", {-0.5, 1}}}, .floors = floors});
    backward.add({.shape = shape}, {.gradient_of = f, .floors = floors});
  }
  forward.refuses({.shape = {1, 4, 4, 2, 7, 1, 1}}, "the kernel fit into the padded map");
  with_prelu.refuses({.shape = {1, 4, 4, 2, 7, 1, 1}}, "the kernel fit into the padded map");
  backward.refuses({.shape = {1, 4, 4, 2, 3, 0, 1}}, "stride must be at least 1");
  return true;
}();

}  // namespace
}  // namespace poster::test
