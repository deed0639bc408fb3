#include "kernels/batch_norm/batch_norm.h"

#include <cmath>

#include "tests/ops/suite/op_test.h"

namespace poster::test {
namespace {

using kernels::BatchNormBackward, kernels::BatchNormForwardEval, kernels::BatchNormForwardMoments,
    kernels::BatchNormForwardTrain;

// y of one element.
template <typename Arguments>
double normalised(const Arguments& a, index_t r, index_t c, double x, double mean, double variance) {
  const double z = a.gamma[c] * (x - mean) / std::sqrt(variance + a.eps) + a.beta[c];
  const double y = a.slope && z <= 0 ? a.slope[c] * z : z;
  return a.residual ? y + a.residual[r * a.channels + c] : y;
}

template <typename Arguments>
void set_statistics(const Arguments& a, index_t c, double mean, double variance) {
  const double n = static_cast<double>(a.rows);
  a.mean[c] = mean;
  a.rstd[c] = 1 / std::sqrt(variance + a.eps);
  for (int i = 0; i < a.updates; ++i) {
    a.running_mean[c] = (1 - a.momentum) * a.running_mean[c] + a.momentum * mean;
    a.running_var[c] = (1 - a.momentum) * a.running_var[c] + a.momentum * variance * n / (n - 1);
  }
}

void reference(const BatchNormForwardTrain<double>& a) {
  const double n = static_cast<double>(a.rows);
  for (index_t c = 0; c < a.channels; ++c) {
    double mean = 0, variance = 0;
    for (index_t r = 0; r < a.rows; ++r) mean += a.x[r * a.channels + c] / n;
    for (index_t r = 0; r < a.rows; ++r) variance += std::pow(a.x[r * a.channels + c] - mean, 2) / n;
    for (index_t r = 0; r < a.rows; ++r)
      a.y[r * a.channels + c] = normalised(a, r, c, a.x[r * a.channels + c], mean, variance);
    set_statistics(a, c, mean, variance);
    if (!a.y_mean) continue;
    a.y_mean[c] = a.y_squares[c] = 0;
    for (index_t r = 0; r < a.rows; ++r) a.y_mean[c] += a.y[r * a.channels + c] / n;
    for (index_t r = 0; r < a.rows; ++r) a.y_squares[c] += std::pow(a.y[r * a.channels + c] - a.y_mean[c], 2);
  }
}

void reference(const BatchNormForwardMoments<double>& a) {
  for (index_t c = 0; c < a.channels; ++c) {
    const double mean = a.x_mean[c], variance = a.x_squares[c] / static_cast<double>(a.rows);
    for (index_t r = 0; r < a.rows; ++r) {
      const double h = (a.x[r * a.channels + c] - mean) / std::sqrt(variance + a.eps);
      a.y[r * a.channels + c] = a.gamma[c] * h + a.beta[c];
    }
    set_statistics(a, c, mean, variance);
  }
}

void reference(const BatchNormForwardEval<double>& a) {
  for (index_t r = 0; r < a.rows; ++r)
    for (index_t c = 0; c < a.channels; ++c)
      a.y[r * a.channels + c] =
          normalised(a, r, c, a.x[r * a.channels + c], a.running_mean[c], a.running_var[c]);
}

// With h = (x - mean) rstd and g the gradient of z: dx = gamma rstd (g - mean(g) - h mean(g h)).
void reference(const BatchNormBackward<double>& a) {
  const double n = static_cast<double>(a.rows);
  for (index_t c = 0; c < a.channels; ++c) {
    const auto h = [&](index_t r) { return (a.x[r * a.channels + c] - a.mean[c]) * a.rstd[c]; };
    const auto z = [&](index_t r) { return a.gamma[c] * h(r) + a.beta[c]; };
    const auto g = [&](index_t r) {
      return a.dy[r * a.channels + c] * (a.slope && z(r) <= 0 ? a.slope[c] : 1);
    };
    double dgamma = 0, dbeta = 0, dslope = 0;
    for (index_t r = 0; r < a.rows; ++r) {
      dgamma += g(r) * h(r);
      dbeta += g(r);
      if (z(r) <= 0) dslope += a.dy[r * a.channels + c] * z(r);
    }
    a.dgamma[c] = dgamma;
    a.dbeta[c] = dbeta;
    if (a.dslope) a.dslope[c] = dslope;
    for (index_t r = 0; a.dx && r < a.rows; ++r)
      a.dx[r * a.channels + c] = a.gamma[c] * a.rstd[c] * (g(r) - dbeta / n - h(r) * dgamma / n) +
                                 (a.dx_add ? a.dx_add[r * a.channels + c] : 0);
  }
}

const bool added = [] {
  // Whether y's moments depend on a number is chance: a mean of normalised values is 0 for any x. NaN:
  // tests/kernels/batch_norm_test.cpp and tests/simulated_gpu/batch_norm_cuda_test.cpp.
  auto train = op_test<BatchNormForwardTrain>({.reference = reference, .nan_follows = false});
  auto by_moments = op_test<BatchNormForwardMoments>({.reference = reference});
  auto eval = op_test<BatchNormForwardEval>({.reference = reference});
  // The float's rounding of sums over 256 rows exceeds 1e-6 at times. A NaN is on one side of the PReLU.
  const std::set<std::string> compared = {"x", "mean", "rstd", "gamma", "beta"};
  auto backward = op_test<BatchNormBackward>(
      {.reference = reference, .tolerance = 2e-6, .compared = compared, .nan_may_stop_in = compared});
  const auto add = [&](index_t rows, index_t channels, int updates) {
    const std::map<std::string, Range> ranges = {
        {"x", {-1, 2}}, {"slope", {-0.5, 1}}, {"running_var", {0.5, 2}}};
    const std::map<std::string, double> floors = {{"mean", 0.1},         {"rstd", 0.1},
                                                  {"running_mean", 0.1}, {"running_var", 0.1},
                                                  {"y_mean", 0.1},       {"y_squares", 1}};
    // In 16 bits y's moments are those of its rounded values.
    const auto f = train.add(
        {.rows = rows, .channels = channels, .updates = updates},
        {.ranges = ranges, .floors = floors, .half_tolerances = {{"y_mean", 1e-3}, {"y_squares", 2e-3}}});
    const double n = static_cast<double>(rows);
    by_moments.add({.rows = rows, .channels = channels, .updates = updates},
                   {.ranges = {{"x", {-1, 2}}, {"x_squares", {0.5 * n, 2 * n}}, {"running_var", {0.5, 2}}},
                    .floors = floors});
    eval.add({.rows = rows, .channels = channels}, {.ranges = ranges});
    // dx is rstd times a difference of numbers near 1: with two rows little is left but their rounding.
    backward.add({.rows = rows, .channels = channels},
                 {.gradient_of = f, .floors = {{"dx", 1}, {"dgamma", 1}, {"dbeta", 1}, {"dslope", 1}}});
  };
  struct Sizes {
    index_t rows, channels;
  };
  int updates = 0;
  // 24 and 96 channels leave threads of a CUDA block without work; with 515 and 1032 a row needs several
  // blocks. The last have blocks with unequal numbers of rows, one of them fewer than it has threads for, and
  // all parts that the merge can take.
  for (const auto [rows, channels] : {Sizes{2, 1},
                                      Sizes{3, 1},
                                      Sizes{2, 7},
                                      Sizes{2, 8},
                                      Sizes{50, 5},
                                      Sizes{6, 512},
                                      Sizes{49, 71},
                                      Sizes{130, 129},
                                      Sizes{1001, 16},
                                      Sizes{700, 64},
                                      Sizes{901, 33},
                                      Sizes{3001, 8},
                                      Sizes{90, 24},
                                      Sizes{33, 96},
                                      Sizes{784, 64},
                                      Sizes{130, 128},
                                      Sizes{49, 512},
                                      Sizes{5, 1032},
                                      Sizes{9, 515},
                                      Sizes{5001, 65},
                                      Sizes{528 * 4 + 13, 127},
                                      Sizes{2 * 528 * 4 + 1, 127}})
    add(rows, channels, 1 + updates++ % 3);
  add(50, 5, 0);
  // An offset much larger than the spread: float holds these means to 3e-5. E[x²] - E[x]² would be off by
  // 0.06.
  for (const index_t channels : {3, 8})
    train.add(
        {.rows = 20'000, .channels = channels},
        {.ranges = {{"x", {999, 1002}}},
         .tolerances = {{"mean", 1e-7}, {"rstd", 4e-6}, {"y", 1e-4}, {"y_mean", 1e-4}, {"y_squares", 1e-4}},
         .half_tolerances = {{"y_mean", 1e-3}, {"y_squares", 2e-3}},
         .exact_tolerance = 1e-11});
  train.refuses({.rows = 1, .channels = 3}, "at least 2 rows");
  train.refuses({.rows = 2, .channels = 3, .updates = -1}, "updates");
  by_moments.refuses({.rows = 1, .channels = 3}, "at least 2 rows");
  eval.refuses({.rows = 2, .channels = 0}, "channels must be at least 1");
  return true;
}();

}  // namespace
}  // namespace poster::test
