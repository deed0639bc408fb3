#include "kernels/attention/attention.h"

#include <algorithm>
#include <cmath>

#include "tests/ops/suite/op_test.h"

namespace poster::test {
namespace {

using kernels::AttentionBackward, kernels::AttentionForward, kernels::AttentionShape;

// Of image b and head h, where query i and key j lie.
struct Head {
  const AttentionShape& s;
  index_t b, h;
  index_t q(index_t i) const { return (b * s.queries + i) * s.q_stride + h * s.head_size; }
  index_t kv(index_t j) const { return (b * s.keys + j) * s.kv_stride + h * s.head_size; }
  index_t out(index_t i) const { return ((b * s.queries + i) * s.heads + h) * s.head_size; }
};

double dot(const double* x, const double* y, index_t size) {
  double sum = 0;
  for (index_t c = 0; c < size; ++c) sum += x[c] * y[c];
  return sum;
}

// Calls f(head, i, lse, p) for each query of each head, with the probabilities of the keys.
template <typename Op, typename F>
void for_each_query(const Op& a, F f) {
  const AttentionShape& s = a.shape;
  for (index_t b = 0; b < s.batch; ++b)
    for (index_t h = 0; h < s.heads; ++h)
      for (index_t i = 0; i < s.queries; ++i) {
        const Head head{s, b, h};
        std::vector<double> p(static_cast<std::size_t>(s.keys));
        double sum = 0;
        for (index_t j = 0; j < s.keys; ++j)
          sum += p[j] = std::exp(s.scale * dot(a.q + head.q(i), a.k + head.kv(j), s.head_size));
        for (double& value : p) value /= sum;
        f(head, i, std::log(sum), p);
      }
}

void reference(const AttentionForward<double>& a) {
  const AttentionShape& s = a.shape;
  for_each_query(a, [&](const Head& head, index_t i, double lse, const std::vector<double>& p) {
    if (a.lse) a.lse[(head.b * s.heads + head.h) * s.queries + i] = lse;
    for (index_t c = 0; c < s.head_size; ++c) {
      double& out = a.out[head.out(i) + c];
      out = 0;
      for (index_t j = 0; j < s.keys; ++j) out += p[j] * a.v[head.kv(j) + c];
    }
  });
}

void reference(const AttentionBackward<double>& a) {
  const AttentionShape& s = a.shape;
  for (index_t t = 0; t < s.batch * s.queries; ++t) std::fill_n(a.dq + t * s.q_stride, s.channels(), 0);
  for (index_t t = 0; t < s.batch * s.keys; ++t)
    for (double* const gradient : {a.dk, a.dv}) std::fill_n(gradient + t * s.kv_stride, s.channels(), 0);
  for_each_query(a, [&](const Head& head, index_t i, double, const std::vector<double>& p) {
    const double* const dout = a.dout + head.out(i);
    double mean = 0;
    for (index_t j = 0; j < s.keys; ++j) mean += p[j] * dot(dout, a.v + head.kv(j), s.head_size);
    for (index_t j = 0; j < s.keys; ++j) {
      const double ds = s.scale * p[j] * (dot(dout, a.v + head.kv(j), s.head_size) - mean);
      for (index_t c = 0; c < s.head_size; ++c) {
        a.dv[head.kv(j) + c] += p[j] * dout[c];
        a.dk[head.kv(j) + c] += ds * a.q[head.q(i) + c];
        a.dq[head.q(i) + c] += ds * a.k[head.kv(j) + c];
      }
    }
  });
}

const bool added = [] {
  auto forward = op_test<AttentionForward>({.reference = reference,
                                            .cuda_tolerance = 2e-6,
                                            .exact_tolerance = 1e-13,
                                            .gradient_tolerance = 1e-7,
                                            .bits_for_any_alignment = true});
  auto backward = op_test<AttentionBackward>({.reference = reference,
                                              .tolerance = 2e-6,
                                              .exact_tolerance = 1e-12,
                                              .gradient_tolerance = 1e-7,
                                              .bits_for_any_alignment = true});
  struct Sizes {
    index_t batch, heads, head_size, queries, keys;
    index_t gap = 0;  // elements between tokens that belong to nobody
  };
  // As the network has them: with as many queries as keys tokens of q, k and v lie in one tensor.
  const auto shape_of = [](const Sizes& s) {
    const index_t channels = s.heads * s.head_size;
    const bool packed = s.queries == s.keys;
    return AttentionShape{.batch = s.batch,
                          .heads = s.heads,
                          .head_size = s.head_size,
                          .queries = s.queries,
                          .keys = s.keys,
                          .q_stride = (packed ? 3 : 1) * channels + s.gap,
                          .kv_stride = (packed ? 3 : 2) * channels + s.gap,
                          .scale = 1 / std::sqrt(static_cast<double>(s.head_size))};
  };
  // dq and dk are differences that cancel for few keys.
  const auto add = [&](const Sizes& s, const CaseOptions& inputs, double tolerance = 0,
                       double gradient_tolerance = 0, double in_half = 1) {
    CaseOptions f = inputs, b = inputs;
    f.floors = {{"lse", 1}};
    f.tolerance = tolerance;
    f.half_tolerances = {{"out", in_half * 1e-3}};
    b.gradient_of = forward.add({.shape = shape_of(s)}, f);
    b.floors = {{"dq", s.keys <= 2 ? 1 : 0.1}, {"dk", s.keys <= 2 ? 1 : 0.1}};
    b.tolerance = gradient_tolerance;
    b.half_tolerances = {{"dv", in_half * 1e-3}, {"dq", in_half * 2e-3}, {"dk", in_half * 2e-3}};
    backward.add({.shape = shape_of(s)}, b);
  };
  const std::map<std::string, Range> wide = {{"q", {-2, 2}}, {"k", {-2, 2}}, {"v", {-2, 2}}};
  // Few and many tiles in each of the CUDA kernels' sizes of heads, with vectors and without; the small ones
  // go through every check. The class token alone, and more keys than that takes at once.
  for (const Sizes s : {Sizes{1, 1, 1, 1, 1},      Sizes{1, 1, 1, 2, 2},        Sizes{2, 3, 5, 7, 7, 3},
                        Sizes{1, 2, 16, 5, 9, 3},  Sizes{2, 2, 5, 9, 2, 3},     Sizes{2, 2, 16, 18, 18},
                        Sizes{1, 1, 16, 20, 19},   Sizes{1, 2, 8, 100, 100},    Sizes{1, 1, 16, 130, 150},
                        Sizes{1, 1, 33, 80, 65},   Sizes{1, 1, 40, 66, 58},     Sizes{1, 1, 40, 58, 66},
                        Sizes{1, 1, 72, 34, 35},   Sizes{1, 1, 104, 34, 14},    Sizes{1, 1, 104, 14, 34},
                        Sizes{1, 1, 72, 60, 70},   Sizes{1, 1, 104, 26, 70},    Sizes{1, 2, 32, 71, 71, 3},
                        Sizes{2, 2, 32, 64, 64},   Sizes{1, 2, 32, 65, 130, 8}, Sizes{1, 1, 1, 131, 67, 3},
                        Sizes{1, 1, 48, 71, 71},   Sizes{1, 1, 64, 130, 33},    Sizes{1, 1, 64, 40, 67, 1},
                        Sizes{1, 2, 96, 148, 148}, Sizes{1, 1, 100, 33, 70},    Sizes{1, 1, 128, 67, 67},
                        Sizes{2, 2, 96, 1, 148},   Sizes{3, 2, 32, 1, 49, 8},   Sizes{2, 3, 7, 1, 5, 3},
                        Sizes{2, 2, 16, 1, 20},    Sizes{1, 1, 128, 1, 33},     Sizes{1, 2, 48, 1, 130},
                        Sizes{1, 1, 4, 1, 8195},   Sizes{0, 2, 16, 20, 20}})
    add(s, {.ranges = wide, .saturated = s.keys == 1}, s.head_size >= 96 || s.keys > 8000 ? 2e-6 : 0);
  for (const Sizes s : {Sizes{2, 2, 96, 1, 148, 3}, Sizes{1, 2, 96, 148, 148, 3}}) add(s, {});
  // Scores of up to some hundreds: exp alone would overflow. Rounding of q kᵀ and of the log-sum-exp, both
  // relative to the size of the scores, limits the agreement.
  for (const Sizes s : {Sizes{1, 2, 32, 40, 40, 3}, Sizes{1, 1, 32, 1, 70}, Sizes{1, 1, 32, 70, 70}})
    add(s, {.ranges = {{"q", {-10, 10}}, {"k", {-10, 10}}, {"v", {-10, 10}}}, .saturated = true}, 5e-5, 1e-4,
        3);
  // All scores far below zero: where a tile has no token the score is zero, and its exponential too large.
  add({1, 1, 32, 70, 70}, {.ranges = {{"q", {3.5, 4.5}}, {"k", {-4.5, -3.5}}, {"v", {-0.5, 0.5}}}}, 1e-4,
      1e-4, 1.5);
  forward.refuses({.shape = shape_of({1, 1, 3, 2, 0})}, "keys must be at least 1");
  backward.refuses({.shape = shape_of({1, 1, 3, 2, 0})}, "keys must be at least 1");
  forward.refuses({.shape = shape_of({1, 1, 3, 2, 4, -2})}, "rows of q overlap");
  return true;
}();

}  // namespace
}  // namespace poster::test
