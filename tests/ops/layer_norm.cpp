#include "kernels/layer_norm/layer_norm.h"

#include <cmath>

#include "tests/ops/suite/op_test.h"

namespace poster::test {
namespace {

using kernels::LayerNormBackward, kernels::LayerNormForward, kernels::LayerNormForwardOfSum;

void reference(const LayerNormForward<double>& a) {
  for (index_t r = 0; r < a.rows; ++r) {
    const double* const x = a.x + r * a.columns;
    double mean = 0, variance = 0;
    for (index_t c = 0; c < a.columns; ++c) mean += x[c] / static_cast<double>(a.columns);
    for (index_t c = 0; c < a.columns; ++c)
      variance += std::pow(x[c] - mean, 2) / static_cast<double>(a.columns);
    const double rstd = 1 / std::sqrt(variance + a.eps);
    for (index_t c = 0; c < a.columns; ++c)
      a.y[r * a.columns + c] = a.gamma[c] * (x[c] - mean) * rstd + a.beta[c];
    if (a.mean) a.mean[r] = mean;
    if (a.rstd) a.rstd[r] = rstd;
  }
}

void reference(const LayerNormForwardOfSum<double>& a) {
  for (index_t i = 0; i < a.batch * a.rows * a.columns; ++i)
    a.sum[i] = a.x[i] + (a.keep ? a.keep[i / (a.rows * a.columns)] : 1) *
                            (a.scale ? a.scale[i % a.columns] : 1) * a.f[i];
  reference(LayerNormForward<double>{.y = a.y,
                                     .mean = a.mean,
                                     .rstd = a.rstd,
                                     .x = a.sum,
                                     .gamma = a.gamma,
                                     .beta = a.beta,
                                     .rows = a.batch * a.rows,
                                     .columns = a.columns,
                                     .eps = a.eps});
}

const bool added = [] {
  auto forward = op_test<LayerNormForward>({.reference = reference});
  auto backward = op_test<LayerNormBackward>({});
  struct Sizes {
    index_t rows, columns;
  };
  for (const auto [rows, columns] :
       {Sizes{1, 1}, Sizes{5, 1}, Sizes{1, 8}, Sizes{3, 7}, Sizes{37, 71}, Sizes{50, 129}, Sizes{37, 64},
        Sizes{150, 128}, Sizes{70, 192}, Sizes{19, 256}, Sizes{17, 384}, Sizes{33, 768}, Sizes{600, 64},
        Sizes{3, 1024}, Sizes{2, 1032}, Sizes{2, 1500}, Sizes{0, 64}, Sizes{2001, 65},
        Sizes{528 * 32 + 7, 8}}) {  // more rows than one pass of all blocks takes
    // dx is rstd times a difference of numbers near 1: with one column nothing is left but their rounding.
    const CaseOptions options{.floors = {{"mean", 1}, {"dx", columns == 1 ? 1000. : 1e-2}, {"dgamma", 1}},
                              .saturated = columns == 1};
    const auto f = forward.add({.rows = rows, .columns = columns, .eps = 1e-6}, options);
    backward.add({.rows = rows, .columns = columns},
                 {.gradient_of = f, .floors = options.floors, .saturated = columns == 1});
  }
  auto of_sum = op_test<LayerNormForwardOfSum>({.reference = reference});
  struct Samples {
    index_t batch, rows, columns;
  };
  for (const auto [batch, rows, columns] :
       {Samples{1, 1, 1}, Samples{5, 3, 7}, Samples{3, 49, 64}, Samples{4, 50, 71}, Samples{2, 9, 768},
        Samples{13, 7, 128}, Samples{0, 7, 64}, Samples{2, 3, 1024}, Samples{2, 1, 1500}, Samples{3, 35, 192},
        Samples{60, 3, 33}}) {
    // In 16 bits y is of the rounded sum, whose errors a small spread makes larger.
    const CaseOptions options{
        .ranges = {{"scale", {-1.5, 1.5}}, {"keep", {1, 2}}},
        .floors = {{"mean", 1}, {"y", columns == 1 ? 1000. : 1}, {"rstd", 1}},
        .half_tolerances = {{"mean", 1e-3}, {"rstd", columns == 1 ? 1 : 1e-2}, {"y", 2e-3}},
        .saturated = columns == 1};
    of_sum.add({.batch = batch, .rows = rows, .columns = columns, .eps = 1e-6}, options);
  }
  of_sum.refuses({.batch = 2, .rows = -1, .columns = 7}, "negative");
  // Float holds numbers near 1000 to 3e-5, their mean to a few times that; E[x²] - E[x]² would be off by
  // 0.06.
  forward.add({.rows = 4, .columns = 256}, {.ranges = {{"x", {999, 1002}}}, .tolerance = 4e-4});
  forward.refuses({.rows = -1, .columns = 7}, "negative");
  return true;
}();

}  // namespace
}  // namespace poster::test
