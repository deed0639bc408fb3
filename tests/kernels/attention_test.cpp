#include "kernels/attention/attention.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/buffers.h"
#include "tests/support/numeric_gradient.h"

namespace poster::kernels {
namespace {

using test::Output;
using test::random_values;

constexpr double kSentinel = -777.25;

struct Sizes {
  index_t batch, heads, head_size, queries, keys;
};

std::ostream& operator<<(std::ostream& out, const Sizes& s) {
  return out << "batch " << s.batch << ", " << s.heads << " heads of " << s.head_size << ", " << s.queries
             << " x " << s.keys;
}

// Inputs and outputs in the layout of the network: with as many queries as keys q, k and v lie in one packed
// tensor [batch, tokens, 3, heads, head_size]; otherwise q has a tensor of its own and k and v share one
// [batch, tokens, 2, heads, head_size]. `gap` more elements lie between tokens and belong to nobody.
template <typename T>
class Problem {
 public:
  explicit Problem(const Sizes& sizes, double range = 1, index_t gap = 3)
      : packed_(sizes.queries == sizes.keys),
        channels_(sizes.heads * sizes.head_size),
        shape_{.batch = sizes.batch,
               .heads = sizes.heads,
               .head_size = sizes.head_size,
               .queries = sizes.queries,
               .keys = sizes.keys,
               .q_stride = (packed_ ? 3 : 1) * channels_ + gap,
               .kv_stride = (packed_ ? 3 : 2) * channels_ + gap,
               .scale = 1 / std::sqrt(static_cast<double>(sizes.head_size))},
        q_size_(packed_ ? 0 : sizes.batch * sizes.queries * shape_.q_stride),
        values_(random_values<T>(q_size_ + sizes.batch * sizes.keys * shape_.kv_stride, 11, -range, range)),
        dout_(random_values<T>(out_size(), 12)) {
    for (std::size_t i = 0; i < values_.size(); ++i)
      if (in_gap(i)) values_[i] = static_cast<T>(kSentinel);
  }

  index_t out_size() const { return shape_.batch * shape_.queries * channels_; }
  index_t lse_size() const { return shape_.batch * shape_.heads * shape_.queries; }
  const AttentionShape& shape() const { return shape_; }
  const std::vector<T>& dout() const { return dout_; }
  std::vector<T>& values() { return values_; }

  template <typename U>
  void copy_from(const Problem<U>& other) {
    values_.assign(other.values_.begin(), other.values_.end());
    dout_.assign(other.dout_.begin(), other.dout_.end());
  }

  bool in_gap(index_t i) const {
    return i < q_size_ ? i % shape_.q_stride >= channels_
                       : (i - q_size_) % shape_.kv_stride >= (packed_ ? 3 : 2) * channels_;
  }

  index_t k_offset() const { return packed_ ? channels_ : q_size_; }
  index_t v_offset() const { return k_offset() + channels_; }

  void forward(CpuQueue& queue, T* out, T* lse) const {
    attention_forward(queue, AttentionForward<T>{.out = out,
                                                 .lse = lse,
                                                 .q = values_.data(),
                                                 .k = values_.data() + k_offset(),
                                                 .v = values_.data() + v_offset(),
                                                 .shape = shape_});
  }

  std::vector<T> forward(CpuQueue& queue) const {
    Output<T> out(out_size());
    forward(queue, out.data(), nullptr);
    return out.values();
  }

  // Gradients in the layout of values(), sentinels in the gaps.
  std::vector<T> gradients(CpuQueue& queue) const {
    Output<T> out(out_size()), lse(lse_size()), gradient(values_.size());
    forward(queue, out.data(), lse.data());
    for (std::size_t i = 0; i < values_.size(); ++i)
      if (in_gap(i)) gradient.data()[i] = static_cast<T>(kSentinel);
    attention_backward(queue, AttentionBackward<T>{.dq = gradient.data(),
                                                   .dk = gradient.data() + k_offset(),
                                                   .dv = gradient.data() + v_offset(),
                                                   .dout = dout_.data(),
                                                   .out = out.data(),
                                                   .lse = lse.data(),
                                                   .q = values_.data(),
                                                   .k = values_.data() + k_offset(),
                                                   .v = values_.data() + v_offset(),
                                                   .shape = shape_});
    return gradient.values();
  }

 private:
  template <typename U>
  friend class Problem;
  bool packed_;
  index_t channels_;
  AttentionShape shape_;
  index_t q_size_;
  std::vector<T> values_, dout_;
};

// The definition, one output at a time.
void reference(Problem<double>& problem, std::vector<double>& out, std::vector<double>& lse) {
  const AttentionShape& s = problem.shape();
  const double* q = problem.values().data();
  const double* k = q + problem.k_offset();
  const double* v = q + problem.v_offset();
  out.assign(problem.out_size(), 0);
  lse.assign(problem.lse_size(), 0);
  for (index_t b = 0; b < s.batch; ++b)
    for (index_t h = 0; h < s.heads; ++h)
      for (index_t i = 0; i < s.queries; ++i) {
        std::vector<double> score(s.keys, 0);
        double sum = 0;
        for (index_t j = 0; j < s.keys; ++j) {
          for (index_t c = 0; c < s.head_size; ++c)
            score[j] += q[(b * s.queries + i) * s.q_stride + h * s.head_size + c] *
                        k[(b * s.keys + j) * s.kv_stride + h * s.head_size + c];
          score[j] *= s.scale;
          sum += std::exp(score[j]);
        }
        lse[(b * s.heads + h) * s.queries + i] = std::log(sum);
        for (index_t j = 0; j < s.keys; ++j)
          for (index_t c = 0; c < s.head_size; ++c)
            out[((b * s.queries + i) * s.heads + h) * s.head_size + c] +=
                std::exp(score[j]) / sum * v[(b * s.keys + j) * s.kv_stride + h * s.head_size + c];
      }
}

class Attention : public testing::TestWithParam<Sizes> {};

TEST_P(Attention, ForwardMatchesTheDefinition) {
  CpuQueue queue(2);
  Problem<double> problem(GetParam());
  std::vector<double> expected, expected_lse;
  reference(problem, expected, expected_lse);
  Output<double> out(problem.out_size()), lse(problem.lse_size());
  problem.forward(queue, out.data(), lse.data());
  POSTER_EXPECT_CLOSE(out.values(), expected, 1e-13);
  POSTER_EXPECT_CLOSE(lse.values(), expected_lse, 1e-13);
  EXPECT_EQ(problem.forward(queue), out.values()) << "without lse";
}

TEST_P(Attention, GradientsMatchCentralDifferences) {
  CpuQueue queue(2);
  Problem<double> problem(GetParam());
  const std::vector<double> gradient = problem.gradients(queue);
  std::vector<std::size_t> elements;
  const std::size_t step = problem.values().size() / 120 + 1;
  for (std::size_t i = 0; i < problem.values().size(); i += step)
    if (!problem.in_gap(i)) elements.push_back(i);
  std::vector<double> chosen;
  for (std::size_t i : elements) chosen.push_back(gradient[i]);
  const auto expected = test::numeric_gradient(
      problem.values(), [&] { return test::dot(problem.dout(), problem.forward(queue)); }, elements);
  // A single key has probability one whatever q and k are: there the difference is of zeros.
  EXPECT_LE(test::relative_error(chosen, expected, 1e-2), 1e-7);
  for (std::size_t i = 0; i < gradient.size(); ++i)
    if (problem.in_gap(i)) {
      ASSERT_EQ(gradient[i], kSentinel) << "wrote between the tokens at " << i;
    }
}

// All elements at once, along one random direction.
TEST_P(Attention, GradientsMatchTheDirectionalDerivative) {
  CpuQueue queue(2);
  Problem<double> problem(GetParam());
  const std::vector<double> gradient = problem.gradients(queue);
  const std::vector<double> start = problem.values();
  auto direction = random_values<double>(start.size(), 13);
  double actual = 0, magnitude = 0;
  for (std::size_t i = 0; i < start.size(); ++i) {
    if (problem.in_gap(i)) direction[i] = 0;
    actual += gradient[i] * direction[i];
    magnitude += std::abs(gradient[i] * direction[i]);
  }
  std::vector<double> t{0};
  const double expected = test::numeric_gradient(t, [&] {
    for (std::size_t i = 0; i < start.size(); ++i) problem.values()[i] = start[i] + t[0] * direction[i];
    return test::dot(problem.dout(), problem.forward(queue));
  })[0];
  EXPECT_LE(std::abs(actual - expected), 1e-8 * magnitude);
}

TEST_P(Attention, FloatAgreesWithDouble) {
  CpuQueue queue(2);
  Problem<float> problem(GetParam());
  Problem<double> exact(GetParam());
  exact.copy_from(problem);
  POSTER_EXPECT_CLOSE(problem.forward(queue), exact.forward(queue), 1e-6);
  auto actual = problem.gradients(queue);
  auto expected = exact.gradients(queue);
  for (std::size_t i = 0; i < actual.size(); ++i)
    if (problem.in_gap(i)) actual[i] = expected[i] = 0;
  POSTER_EXPECT_CLOSE(actual, expected, 2e-6);
}

TEST_P(Attention, SameBitsForAnyNumberOfThreads) {
  const Problem<float> problem(GetParam());
  CpuQueue one(1);
  const auto out = problem.forward(one), gradient = problem.gradients(one);
  for (int threads : {2, 3}) {
    CpuQueue queue(threads);
    EXPECT_EQ(problem.forward(queue), out);
    EXPECT_EQ(problem.gradients(queue), gradient);
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, Attention,
                         testing::Values(Sizes{1, 1, 1, 1, 1}, Sizes{2, 3, 5, 7, 7}, Sizes{1, 2, 16, 5, 9},
                                         Sizes{2, 2, 5, 9, 2}, Sizes{1, 2, 32, 71, 71},
                                         Sizes{2, 2, 96, 1, 148}, Sizes{1, 1, 1, 131, 67},
                                         Sizes{1, 2, 96, 148, 148}));

TEST(AttentionExtremes, NanStaysInWhatDependsOnIt) {
  CpuQueue queue(2);
  const Sizes sizes{2, 2, 16, 20, 20};
  const double nan = std::numeric_limits<double>::quiet_NaN();
  {
    Problem<double> problem(sizes);
    problem.values()[0] = nan;  // image 0, token 0, head 0 of q
    const auto out = problem.forward(queue);
    for (std::size_t i = 0; i < out.size(); ++i) ASSERT_EQ(std::isnan(out[i]), i < 16) << i;
  }
  for (const bool in_k : {true, false}) {
    Problem<double> problem(sizes);
    problem.values()[in_k ? problem.k_offset() : problem.v_offset()] = nan;
    const auto out = problem.forward(queue);
    for (std::size_t i = 0; i < out.size(); ++i) {
      const bool depends = i < out.size() / 2 && (in_k ? i % 32 < 16 : i % 32 == 0);
      ASSERT_EQ(std::isnan(out[i]), depends) << i;
    }
  }
  for (const index_t queries : {1, 20}) {
    Problem<float> problem({1, 1, 16, queries, 21});
    problem.values()[problem.k_offset() + 5 * problem.shape().kv_stride] =
        std::numeric_limits<float>::quiet_NaN();
    for (float value : problem.forward(queue)) ASSERT_TRUE(std::isnan(value));
    for (index_t i = 0; const float value : problem.gradients(queue))
      ASSERT_TRUE(problem.in_gap(i++) || std::isnan(value));
  }
}

// Scores of up to some hundreds: exp alone would overflow. Rounding of q kᵀ and of the log-sum-exp, both
// relative to the size of the scores, limits the agreement.
TEST(AttentionExtremes, LargeScoresDoNotOverflow) {
  CpuQueue queue(2);
  const Sizes sizes{1, 2, 32, 40, 40};
  Problem<float> problem(sizes, 10);
  Problem<double> exact(sizes);
  exact.copy_from(problem);
  std::vector<double> expected, lse;
  reference(exact, expected, lse);
  double largest = 0;
  for (double value : lse) largest = std::max(largest, value);
  ASSERT_GT(largest, 89) << "the sizes of this test no longer overflow a float";
  POSTER_EXPECT_CLOSE(exact.forward(queue), expected, 1e-12);
  POSTER_EXPECT_CLOSE(problem.forward(queue), expected, 5e-5);
  auto actual = problem.gradients(queue);
  auto gradient = exact.gradients(queue);
  for (std::size_t i = 0; i < actual.size(); ++i)
    if (problem.in_gap(i)) actual[i] = gradient[i] = 0;
  POSTER_EXPECT_CLOSE(actual, gradient, 1e-4);
}

}  // namespace
}  // namespace poster::kernels
