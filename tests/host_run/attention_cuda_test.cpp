#include "kernels/attention/attention.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/buffers.h"
#include "tests/support/cuda_ops.h"

namespace poster::kernels {
namespace {

using test::close;
using test::DeviceArray;
using test::Results;
using test::rounded_to;
using test::to_double;

struct Sizes {
  index_t batch, heads, head_size, queries, keys;
  index_t gap = 0;  // elements between tokens that belong to nobody
};

std::ostream& operator<<(std::ostream& out, const Sizes& s) {
  return out << "batch " << s.batch << ", " << s.heads << " heads of " << s.head_size << ", " << s.queries
             << " x " << s.keys << ", gap " << s.gap;
}

// As the network has them: with as many queries as keys q, k and v lie in one tensor [batch, tokens, 3,
// heads, head_size]; otherwise q has a tensor of its own, before k and v in [batch, tokens, 2, heads,
// head_size].
struct Problem {
  AttentionShape shape;
  index_t parts;   // of a token of k and v
  index_t q_size;  // of q's own tensor
  std::vector<double> values, dout;

  index_t channels() const { return shape.heads * shape.head_size; }
  index_t k_offset() const { return parts == 3 ? channels() : q_size; }
  index_t v_offset() const { return k_offset() + channels(); }
  index_t lse_size() const { return shape.batch * shape.heads * shape.queries; }
  bool in_gap(index_t i) const {
    return i < q_size ? i % shape.q_stride >= channels()
                      : (i - q_size) % shape.kv_stride >= parts * channels();
  }
};

Problem random_problem(const Sizes& s, double range = 2) {
  Problem p;
  p.parts = s.queries == s.keys ? 3 : 2;
  const index_t channels = s.heads * s.head_size;
  p.shape = {.batch = s.batch,
             .heads = s.heads,
             .head_size = s.head_size,
             .queries = s.queries,
             .keys = s.keys,
             .q_stride = (p.parts == 3 ? 3 : 1) * channels + s.gap,
             .kv_stride = p.parts * channels + s.gap,
             .scale = 1 / std::sqrt(static_cast<double>(s.head_size))};
  p.q_size = p.parts == 3 ? 0 : s.batch * s.queries * p.shape.q_stride;
  p.values = test::random_values<double>(p.q_size + s.batch * s.keys * p.shape.kv_stride, 11, -range, range);
  p.dout = test::random_values<double>(s.batch * s.queries * channels, 12);
  for (std::size_t i = 0; i < p.values.size(); ++i)
    if (p.in_gap(i)) p.values[i] = std::numeric_limits<double>::quiet_NaN();
  return p;
}

template <typename T>
Problem rounded(Problem p) {
  p.values = to_double(rounded_to<T>(p.values));
  p.dout = to_double(rounded_to<T>(p.dout));
  return p;
}

template <typename T>
AttentionForward<T> forward_arguments(const Problem& p, T* out, acc_t<T>* lse, const T* values) {
  return {.out = out,
          .lse = lse,
          .q = values,
          .k = values + p.k_offset(),
          .v = values + p.v_offset(),
          .shape = p.shape};
}
template <typename T>
AttentionBackward<T> backward_arguments(const Problem& p, T* gradients, const T* dout, const T* out,
                                        const acc_t<T>* lse, const T* values) {
  return {.dq = gradients,
          .dk = gradients + p.k_offset(),
          .dv = gradients + p.v_offset(),
          .dout = dout,
          .out = out,
          .lse = lse,
          .q = values,
          .k = values + p.k_offset(),
          .v = values + p.v_offset(),
          .shape = p.shape};
}

// The gradients of q, k and v apart; gaps must be as they were, NaN.
Results results(const Problem& p, const std::vector<double>& out, const std::vector<double>& lse,
                const std::vector<double>& gradients) {
  Results r{{"out", out}, {"lse", lse}, {"dq", {}}, {"dk", {}}, {"dv", {}}};
  for (index_t i = 0; i < static_cast<index_t>(gradients.size()); ++i) {
    if (p.in_gap(i)) {
      EXPECT_TRUE(std::isnan(gradients[i])) << "wrote between the tokens at " << i;
      continue;
    }
    const index_t part =
        i < p.q_size ? 0 : (i - p.q_size) % p.shape.kv_stride / p.channels() + (p.parts == 3 ? 0 : 1);
    r[part == 0 ? "dq" : part == 1 ? "dk" : "dv"].push_back(gradients[i]);
  }
  return r;
}

Results run_cpu(const Problem& p) {
  CpuQueue queue(2);
  test::Output<double> out(p.dout.size()), lse(p.lse_size()), gradients(p.values.size());
  attention_forward(queue, forward_arguments<double>(p, out.data(), lse.data(), p.values.data()));
  attention_backward(queue, backward_arguments<double>(p, gradients.data(), p.dout.data(), out.data(),
                                                       lse.data(), p.values.data()));
  return results(p, out.values(), lse.values(), gradients.values());
}

template <typename T>
Results run(const Problem& p, index_t misalign = 0) {
  CudaQueue queue;
  const DeviceArray<T> values(rounded_to<T>(p.values), misalign), dout(rounded_to<T>(p.dout));
  DeviceArray<T> out(p.dout.size()), gradients(p.values.size(), misalign);
  DeviceArray<float> lse(p.lse_size());
  attention_forward(queue, forward_arguments<T>(p, out.data(), lse.data(), values.data()));
  attention_backward(
      queue, backward_arguments<T>(p, gradients.data(), dout.data(), out.data(), lse.data(), values.data()));
  return results(p, out.values(queue), lse.values(queue), gradients.values(queue));
}

template <typename T>
void expect_close(const Results& actual, const Results& expected) {
  constexpr bool half = std::is_same_v<T, Half>;
  EXPECT_TRUE(close<float>(actual.at("lse"), expected.at("lse"), 2e-6, 1)) << "lse";
  EXPECT_TRUE(close<T>(actual.at("out"), expected.at("out"), half ? 1e-3 : 2e-6)) << "out";
  EXPECT_TRUE(close<T>(actual.at("dv"), expected.at("dv"), half ? 1e-3 : 2e-6)) << "dv";
  // Differences that cancel for few keys.
  for (const char* name : {"dq", "dk"})
    EXPECT_TRUE(close<T>(actual.at(name), expected.at(name), half ? 2e-3 : 4e-6, 1)) << name;
}

class AttentionCuda : public test::CudaTestWith<Sizes> {
 protected:
  template <typename T>
  void expect_agreement_with_the_cpu() {
    const Problem p = rounded<T>(random_problem(GetParam()));
    expect_close<T>(test::for_each_order([&] { return run<T>(p); }), run_cpu(p));
  }
};

TEST_P(AttentionCuda, AgreesInFloat) { expect_agreement_with_the_cpu<float>(); }
TEST_P(AttentionCuda, AgreesInHalf) { expect_agreement_with_the_cpu<Half>(); }

INSTANTIATE_TEST_SUITE_P(Sizes, AttentionCuda,
                         testing::Values(Sizes{1, 1, 1, 2, 2}, Sizes{2, 3, 5, 7, 7, 3},
                                         Sizes{2, 2, 32, 64, 64}, Sizes{1, 2, 32, 65, 130, 8},
                                         Sizes{1, 1, 48, 71, 71}, Sizes{1, 1, 64, 130, 33},
                                         Sizes{1, 1, 64, 40, 67, 1}, Sizes{1, 2, 96, 148, 148},
                                         Sizes{1, 1, 100, 33, 70}, Sizes{1, 1, 128, 67, 67}));
// The class token alone.
INSTANTIATE_TEST_SUITE_P(OneQuery, AttentionCuda,
                         testing::Values(Sizes{1, 1, 1, 1, 1}, Sizes{2, 2, 96, 1, 148},
                                         Sizes{3, 2, 32, 1, 49, 8}, Sizes{2, 3, 7, 1, 5, 3},
                                         Sizes{1, 1, 128, 1, 33}, Sizes{1, 2, 48, 1, 130}));

class AttentionCudaEdges : public test::CudaTest {};

TEST_F(AttentionCudaEdges, MoreKeysThanOneQueryTakesAtOnce) {
  const Problem p = rounded<float>(random_problem({1, 1, 4, 1, 8195}));
  expect_close<float>(run<float>(p), run_cpu(p));
}

// 16-byte accesses or not: the same bits.
TEST_F(AttentionCudaEdges, MisalignedMemory) {
  for (const Sizes& sizes : {Sizes{1, 2, 32, 70, 70}, Sizes{2, 1, 40, 1, 37}}) {
    const Problem p = rounded<Half>(random_problem(sizes));
    EXPECT_EQ(run<Half>(p), run<Half>(p, 1)) << sizes;
  }
}

TEST_F(AttentionCudaEdges, LogSumExpMayBeLeftOut) {
  for (const index_t queries : {1, 20}) {
    const Problem p = random_problem({1, 2, 16, queries, 20});
    CudaQueue queue;
    const DeviceArray<Half> values(rounded_to<Half>(p.values));
    DeviceArray<Half> out(p.dout.size());
    attention_forward(queue, forward_arguments<Half>(p, out.data(), nullptr, values.data()));
    EXPECT_EQ(out.values(queue), run<Half>(p).at("out"));
  }
}

TEST_F(AttentionCudaEdges, NaNStaysInWhatDependsOnIt) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  for (const index_t queries : {1, 20}) {
    const Sizes sizes{2, 2, 16, queries, 20};
    for (const char part : {'q', 'k', 'v'}) {
      Problem p = random_problem(sizes);
      p.values[part == 'q'   ? 0
               : part == 'k' ? p.k_offset()
                             : p.v_offset()] = nan;  // image 0, head 0, element 0
      for (const auto& r : {run<float>(p), run<Half>(p)}) {
        const auto& out = r.at("out");
        for (std::size_t i = 0; i < out.size(); ++i) {
          const bool first_image = i < out.size() / 2, first_head = i % 32 < 16, first_token = i < 32;
          const bool depends = first_image && (part == 'q'   ? first_token && first_head
                                               : part == 'k' ? first_head
                                                             : i % 32 == 0);
          ASSERT_EQ(std::isnan(out[i]), depends) << part << " at " << i << " of " << queries << " queries";
        }
      }
    }
  }
}

// Scores of up to some hundreds: exp alone would overflow. Rounding of q kᵀ and of the log-sum-exp, both
// relative to the size of the scores, limits the agreement.
TEST_F(AttentionCudaEdges, LargeScoresDoNotOverflow) {
  for (const index_t queries : {1, 70}) {
    const Problem p = rounded<float>(random_problem({1, 2, 32, queries, 70}, 10));
    const Results actual = run<float>(p), expected = run_cpu(p);
    EXPECT_GT(*std::max_element(expected.at("lse").begin(), expected.at("lse").end()), 89);
    for (const char* name : {"out", "dq", "dk", "dv"})
      EXPECT_TRUE(close<float>(actual.at(name), expected.at(name), 1e-4)) << name;
  }
}

// All scores far below zero: where a tile has no token the score is zero, and its exponential too large.
TEST_F(AttentionCudaEdges, ScoresFarBelowZero) {
  Problem p = random_problem({1, 1, 32, 70, 70}, 0.5);
  for (std::size_t i = 0; i < p.values.size(); ++i)
    p.values[i] += i % 96 < 32 ? 4 : i % 96 < 64 ? -4 : 0;  // q, k, v
  p = rounded<Half>(p);
  const Results expected = run_cpu(p);
  EXPECT_LT(*std::max_element(expected.at("lse").begin(), expected.at("lse").end()), -75);
  for (const char* name : {"out", "dq", "dk", "dv"}) {
    EXPECT_TRUE(close<float>(run<float>(p).at(name), expected.at(name), 1e-4)) << name;
    EXPECT_TRUE(close<Half>(run<Half>(p).at(name), expected.at(name), 3e-3, 1)) << name;
  }
}

// Gradients of scores near the smallest 16-bit numbers, while their sums are well above: little may be lost.
TEST_F(AttentionCudaEdges, SmallGradientsSurviveInHalf) {
  Problem p = random_problem({1, 1, 32, 400, 400}, 0.5);
  p.shape.scale = 1;
  for (double& d : p.dout) d *= 1e-3;
  p = rounded<Half>(p);
  const Results actual = run<Half>(p), expected = run_cpu(p);
  for (const char* name : {"dq", "dk"}) {
    double error = 0, scale = 0;
    for (std::size_t i = 0; i < actual.at(name).size(); ++i) {
      error += std::pow(actual.at(name)[i] - expected.at(name)[i], 2);
      scale += std::pow(expected.at(name)[i], 2);
    }
    EXPECT_LE(std::sqrt(error / scale), 4e-3) << name;
  }
}

TEST_F(AttentionCudaEdges, PlansTheScratchThatItTakes) {
  const Problem p = random_problem({2, 2, 16, 20, 20});
  const DeviceArray<float> values(rounded_to<float>(p.values)), dout(rounded_to<float>(p.dout));
  DeviceArray<float> out(p.dout.size()), gradients(p.values.size()), lse(p.lse_size());
  CudaQueue planned, queue;
  planned.set_planning(true);
  for (CudaQueue* q : {&planned, &queue}) {
    attention_forward(*q, forward_arguments<float>(p, out.data(), lse.data(), values.data()));
    attention_backward(*q, backward_arguments<float>(p, gradients.data(), dout.data(), out.data(), lse.data(),
                                                     values.data()));
    if (q == &planned) {
      EXPECT_TRUE(std::isnan(out.values(queue)[0])) << "planning must compute nothing";
    }
  }
  EXPECT_GT(planned.scratch_peak(), 0u);
  EXPECT_EQ(planned.scratch_peak(), queue.scratch_peak());
}

TEST_F(AttentionCudaEdges, HeadsThatAreTooLarge) {
  CudaQueue queue;
  queue.set_planning(true);
  const Problem p = random_problem({1, 1, 129, 2, 2});
  EXPECT_THROW(
      attention_forward(
          queue,
          AttentionForward<float>{
              .out = nullptr, .lse = nullptr, .q = nullptr, .k = nullptr, .v = nullptr, .shape = p.shape}),
      CudaError);
}

TEST_F(AttentionCudaEdges, NoImages) {
  const Results r = run<float>(random_problem({0, 2, 16, 20, 20}));
  EXPECT_TRUE(r.at("out").empty());
}

}  // namespace
}  // namespace poster::kernels
