#include "kernels/window_attention/window_attention.h"

#include <algorithm>
#include <cmath>

#include "tests/ops/suite/op_test.h"

namespace poster::test {
namespace {

using kernels::WindowAttentionBackward, kernels::WindowAttentionForward, kernels::WindowAttentionShape;

// Of a window, counted over all images, and head h, where query i, key j and their bias lie.
struct Head {
  const WindowAttentionShape& s;
  index_t window, h;
  index_t q(index_t i) const {
    return (window / s.windows_per_image * s.tokens() + i) * s.channels() + h * s.head_size;
  }
  index_t k(index_t j) const { return (window * s.tokens() + j) * 2 * s.channels() + h * s.head_size; }
  index_t v(index_t j) const { return k(j) + s.channels(); }
  index_t out(index_t i) const { return (window * s.tokens() + i) * s.channels() + h * s.head_size; }
  index_t bias(index_t i, index_t j) const {
    const index_t w = s.window, down = i / w - j / w, right = i % w - j % w;
    return ((down + w - 1) * (2 * w - 1) + right + w - 1) * s.heads + h;
  }
};

double dot(const double* x, const double* y, index_t size) {
  double sum = 0;
  for (index_t c = 0; c < size; ++c) sum += x[c] * y[c];
  return sum;
}

// Calls f(head, i, lse, p) for each query of each head, with the probabilities of the keys.
template <typename Op, typename F>
void for_each_query(const Op& a, F f) {
  const WindowAttentionShape& s = a.shape;
  for (index_t window = 0; window < s.windows(); ++window)
    for (index_t h = 0; h < s.heads; ++h)
      for (index_t i = 0; i < s.tokens(); ++i) {
        const Head head{s, window, h};
        std::vector<double> p(static_cast<std::size_t>(s.tokens()));
        double sum = 0;
        for (index_t j = 0; j < s.tokens(); ++j)
          sum += p[j] = std::exp(s.scale * dot(a.q + head.q(i), a.kv + head.k(j), s.head_size) +
                                 a.table[head.bias(i, j)]);
        for (double& value : p) value /= sum;
        f(head, i, std::log(sum), p);
      }
}

void reference(const WindowAttentionForward<double>& a) {
  const WindowAttentionShape& s = a.shape;
  for_each_query(a, [&](const Head& head, index_t i, double lse, const std::vector<double>& p) {
    if (a.lse) a.lse[(head.window * s.heads + head.h) * s.tokens() + i] = lse;
    for (index_t c = 0; c < s.head_size; ++c) {
      double& out = a.out[head.out(i) + c];
      out = 0;
      for (index_t j = 0; j < s.tokens(); ++j) out += p[j] * a.kv[head.v(j) + c];
    }
  });
}

void reference(const WindowAttentionBackward<double>& a) {
  const WindowAttentionShape& s = a.shape;
  const index_t map = s.tokens() * s.channels();
  if (a.dq) std::fill_n(a.dq, s.batch * map, 0);
  std::fill_n(a.dkv, s.windows() * 2 * map, 0);
  std::fill_n(a.dtable, s.table_rows() * s.heads, 0);
  for_each_query(a, [&](const Head& head, index_t i, double, const std::vector<double>& p) {
    const double* const dout = a.dout + head.out(i);
    double mean = 0;
    for (index_t j = 0; j < s.tokens(); ++j) mean += p[j] * dot(dout, a.kv + head.v(j), s.head_size);
    for (index_t j = 0; j < s.tokens(); ++j) {
      const double ds = p[j] * (dot(dout, a.kv + head.v(j), s.head_size) - mean);
      a.dtable[head.bias(i, j)] += ds;
      for (index_t c = 0; c < s.head_size; ++c) {
        a.dkv[head.v(j) + c] += p[j] * dout[c];
        a.dkv[head.k(j) + c] += s.scale * ds * a.q[head.q(i) + c];
        if (a.dq) a.dq[head.q(i) + c] += s.scale * ds * a.kv[head.k(j) + c];
      }
    }
  });
}

const bool added = [] {
  auto forward = op_test<WindowAttentionForward>({.reference = reference,
                                                  .cuda_tolerance = 3e-6,
                                                  .exact_tolerance = 1e-13,
                                                  .gradient_tolerance = 1e-7,
                                                  .bits_for_any_alignment = true});
  auto backward = op_test<WindowAttentionBackward>({.reference = reference,
                                                    .tolerance = 2e-6,
                                                    .cuda_tolerance = 4e-6,
                                                    .exact_tolerance = 1e-12,
                                                    .gradient_tolerance = 1e-7,
                                                    .bits_for_any_alignment = true});
  struct Sizes {
    index_t batch, windows, window, heads, head_size;
  };
  const auto add = [&](const Sizes& s, Range maps, Range table, double tolerance, double gradient_tolerance,
                       bool saturated) {
    const WindowAttentionShape shape{.batch = s.batch,
                                     .windows_per_image = s.windows,
                                     .window = s.window,
                                     .heads = s.heads,
                                     .head_size = s.head_size,
                                     .scale = 1 / std::sqrt(static_cast<double>(s.head_size))};
    const auto f = forward.add({.shape = shape}, {.ranges = {{"q", maps}, {"kv", maps}, {"table", table}},
                                                  .floors = {{"lse", 1}},
                                                  .half_tolerances = {{"out", 1e-3}},
                                                  .tolerance = tolerance,
                                                  .saturated = saturated});
    // Differences that cancel for few keys. The table's are sums of up to windows x tokens terms that mostly
    // cancel.
    CaseOptions options{.gradient_of = f,
                        .floors = {{"dq", s.window == 1 ? 1 : 1e-2}, {"dtable", s.window == 1 ? 1 : 1e-2}},
                        .half_tolerances = {{"dq", 2e-3}, {"dkv", 2e-3}, {"dtable", 2e-3}},
                        .tolerance = gradient_tolerance,
                        .saturated = saturated};
    if (gradient_tolerance == 0) options.tolerances = {{"dtable", 5e-6}};
    backward.add({.shape = shape}, options);
  };
  // Few and many tiles in each of the CUDA kernels' sizes of heads, with vectors and without; the small ones
  // go through every check.
  for (const Sizes s :
       {Sizes{1, 1, 1, 1, 1},  Sizes{2, 3, 1, 2, 5},  Sizes{2, 1, 3, 2, 5},   Sizes{2, 2, 3, 3, 5},
        Sizes{2, 2, 3, 2, 8},  Sizes{2, 4, 3, 3, 1},  Sizes{1, 1, 2, 1, 96},  Sizes{2, 2, 5, 2, 16},
        Sizes{1, 2, 5, 2, 16}, Sizes{2, 1, 7, 2, 32}, Sizes{1, 1, 7, 1, 40},  Sizes{1, 1, 8, 1, 33},
        Sizes{1, 2, 8, 1, 16}, Sizes{1, 2, 9, 1, 7},  Sizes{1, 1, 9, 1, 40},  Sizes{1, 1, 11, 1, 40},
        Sizes{1, 1, 14, 1, 8}, Sizes{1, 1, 14, 2, 8}, Sizes{1, 1, 14, 2, 16}, Sizes{0, 1, 3, 2, 8}})
    add(s, {-1.5, 1.5}, {-2, 2}, 0, 0, s.window == 1);
  // An output is the mean of 784 values of both signs: small against the terms that are rounded.
  for (const Sizes s : {Sizes{1, 1, 28, 2, 8}, Sizes{1, 2, 28, 1, 32}})
    add(s, {-1.5, 1.5}, {-2, 2}, 2e-6, 0, false);
  // Scores beyond exp's range. Rounding of the scores, relative to their size, limits the agreement.
  add({1, 1, 5, 2, 32}, {-3, 3}, {-95, 95}, 2e-5, 1e-4, true);
  add({1, 1, 9, 2, 32}, {-3, 3}, {-120, 120}, 1e-4, 1e-4, true);
  forward.refuses({.shape = {.batch = 1, .window = 2, .heads = 1, .head_size = 1}}, "windows_per_image");
  backward.refuses({.shape = {.batch = 1, .windows_per_image = 1, .heads = 1, .head_size = 1}}, "window");
  return true;
}();

}  // namespace
}  // namespace poster::test
