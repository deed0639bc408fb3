#include "kernels/softmax/softmax.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/ops/suite/op_test.h"

namespace poster::test {
namespace {

using kernels::SoftmaxBackward, kernels::SoftmaxForward;

void reference(const SoftmaxForward<double>& a) {
  for (index_t r = 0; r < a.rows; ++r) {
    const auto logit = [&](index_t c) {
      const index_t i = r * a.columns + c;
      if (a.mask && a.mask[i] == 0) return -std::numeric_limits<double>::infinity();
      return a.scale * a.x[i] + (a.bias ? a.bias[r % a.bias_rows * a.columns + c] : 0);
    };
    double most = logit(0), sum = 0;
    for (index_t c = 0; c < a.columns; ++c) most = std::max(most, logit(c));
    for (index_t c = 0; c < a.columns; ++c) sum += std::exp(logit(c) - most);
    for (index_t c = 0; c < a.columns; ++c) a.y[r * a.columns + c] = std::exp(logit(c) - most) / sum;
  }
}

void reference(const SoftmaxBackward<double>& a) {
  for (index_t r = 0; r < a.rows; ++r) {
    const index_t first = r * a.columns;
    double sum = 0;
    for (index_t c = 0; c < a.columns; ++c) sum += a.dy[first + c] * a.y[first + c];
    for (index_t c = 0; c < a.columns; ++c)
      a.dx[first + c] = a.scale * a.y[first + c] * (a.dy[first + c] - sum);
  }
}

const bool added = [] {
  auto forward = op_test<SoftmaxForward>(
      {.reference = reference, .tolerance = 2e-6, .exact_tolerance = 1e-13, .gradient_tolerance = 1e-7});
  auto backward = op_test<SoftmaxBackward>(
      {.reference = reference, .tolerance = 2e-6, .exact_tolerance = 1e-13, .gradient_tolerance = 1e-7});
  constexpr Range kNothingOut{1, 256}, kAThirdOut{0, 3};
  const auto add = [&](const SoftmaxForward<double>& op, Range mask, Range x, bool saturated) {
    const CaseOptions options{.ranges = {{"x", x}, {"bias", {-2, 2}}, {"mask", mask}},
                              .floors = {{"dx", 1e-3}},
                              .saturated = saturated};
    const auto f = forward.add(op, options);
    backward.add({.rows = op.rows, .columns = op.columns, .scale = op.scale},
                 {.gradient_of = f, .floors = options.floors, .saturated = saturated});
  };
  struct Sizes {
    index_t rows, columns, bias_rows = 1;
    double scale = 0.5;
  };
  // Every way in which the CUDA kernels split a row, also just before and after the next is taken, and longer
  // rows than they hold. Masks leave no row out as a whole.
  for (const Sizes s : {Sizes{1, 1, 1, 1},
                        Sizes{3, 1, 1, 1},
                        Sizes{40, 1, 3},
                        Sizes{1, 7},
                        Sizes{2000, 7, 1, 1},
                        Sizes{70, 7, 3},
                        Sizes{6, 7, 3},
                        Sizes{6, 7, 1, -2},
                        Sizes{7, 5, 3, 1},
                        Sizes{5, 8, 1, -2},
                        Sizes{5, 8, 3},
                        Sizes{3, 9},
                        Sizes{35, 15},
                        Sizes{3, 17, 3},
                        Sizes{17, 29, 3},
                        Sizes{2, 33},
                        Sizes{21, 49, 3},
                        Sizes{12, 49, 4, 0.125},
                        Sizes{9, 64, 3},
                        Sizes{2, 65},
                        Sizes{2, 129},
                        Sizes{12, 148, 3},
                        Sizes{98, 148, 49, 1},
                        Sizes{11, 197, 3},
                        Sizes{71, 229, 1, 1},
                        Sizes{71, 229, 1, 0.25},
                        Sizes{7, 256, 3},
                        Sizes{2, 257},
                        Sizes{2, 264},
                        Sizes{3, 384},
                        Sizes{2, 513},
                        Sizes{2, 516},
                        Sizes{2, 520},
                        Sizes{3, 541, 3},
                        Sizes{29, 541, 1, 0.125},
                        Sizes{5, 784, 3},
                        Sizes{2, 1023},
                        Sizes{2, 1024},
                        Sizes{3, 1029, 3},
                        Sizes{4, 9000, 2},
                        Sizes{0, 7}}) {
    const SoftmaxForward<double> op{
        .rows = s.rows, .columns = s.columns, .bias_rows = s.bias_rows, .scale = s.scale};
    const Range x = s.scale < -1 ? Range{-3, 3} : Range{-6, 6};
    add(op, kNothingOut, x, s.columns == 1);
    if (s.columns >= 9) add(op, kAThirdOut, x, true);
  }
  // Rows far apart: each takes its own maximum, though lanes of a warp may have several rows.
  for (const index_t columns : {7, 16, 64, 100})
    add({.rows = 9, .columns = columns, .scale = 0.5}, kNothingOut, {-30'000, 30'000}, true);
  forward.refuses({.rows = 2, .columns = 3, .bias_rows = 0}, "bias_rows");
  return true;
}();

}  // namespace
}  // namespace poster::test
