#include "kernels/window_attention/window_attention.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/buffers.h"
#include "tests/support/numeric_gradient.h"

namespace poster::kernels {
namespace {

using test::Output;
using test::random_values;

struct Sizes {
  index_t batch, windows, window, heads, head_size;
};

std::ostream& operator<<(std::ostream& out, const Sizes& s) {
  return out << s.batch << " images of " << s.windows << " windows of side " << s.window << ", " << s.heads
             << " heads of " << s.head_size;
}

template <typename T>
struct Gradients {
  std::vector<T> q, kv, table;
  bool operator==(const Gradients&) const = default;
};

template <typename T>
struct Problem {
  explicit Problem(const Sizes& s, double range = 1)
      : shape{.batch = s.batch,
              .windows_per_image = s.windows,
              .window = s.window,
              .heads = s.heads,
              .head_size = s.head_size,
              .scale = 1 / std::sqrt(static_cast<double>(s.head_size))},
        map_size(s.batch * shape.tokens() * shape.channels()),
        q(random_values<T>(map_size, 21, -range, range)),
        kv(random_values<T>(2 * map_size * s.windows, 22, -range, range)),
        table(random_values<T>((2 * s.window - 1) * (2 * s.window - 1) * s.heads, 23)),
        dout(random_values<T>(map_size * s.windows, 24)) {}

  template <typename U>
  explicit Problem(const Problem<U>& other)
      : shape(other.shape),
        map_size(other.map_size),
        q(other.q.begin(), other.q.end()),
        kv(other.kv.begin(), other.kv.end()),
        table(other.table.begin(), other.table.end()),
        dout(other.dout.begin(), other.dout.end()) {}

  index_t lse_size() const { return shape.batch * shape.windows_per_image * shape.heads * shape.tokens(); }

  void forward(CpuQueue& queue, T* out, T* lse) const {
    window_attention_forward(
        queue,
        WindowAttentionForward<T>{
            .out = out, .lse = lse, .q = q.data(), .kv = kv.data(), .table = table.data(), .shape = shape});
  }
  std::vector<T> forward(CpuQueue& queue) const {
    Output<T> out(dout.size());
    forward(queue, out.data(), nullptr);
    return out.values();
  }

  Gradients<T> gradients(CpuQueue& queue, bool want_dq = true) const {
    Output<T> out(dout.size()), lse(lse_size()), dq(q.size()), dkv(kv.size()), dtable(table.size());
    forward(queue, out.data(), lse.data());
    window_attention_backward(queue, WindowAttentionBackward<T>{.dq = want_dq ? dq.data() : nullptr,
                                                                .dkv = dkv.data(),
                                                                .dtable = dtable.data(),
                                                                .dout = dout.data(),
                                                                .out = out.data(),
                                                                .lse = lse.data(),
                                                                .q = q.data(),
                                                                .kv = kv.data(),
                                                                .table = table.data(),
                                                                .shape = shape});
    return {want_dq ? dq.values() : std::vector<T>(), dkv.values(), dtable.values()};
  }

  WindowAttentionShape shape;
  index_t map_size;
  std::vector<T> q, kv, table, dout;
};

// The definition, one output at a time, with the bias looked up by the positions of query and key.
std::vector<double> reference(const Problem<double>& p, std::vector<double>* lse = nullptr) {
  const WindowAttentionShape& s = p.shape;
  const index_t w = s.window, n = s.tokens(), channels = s.channels();
  std::vector<double> out(p.dout.size(), 0);
  if (lse) lse->assign(p.lse_size(), 0);
  for (index_t window = 0; window < s.batch * s.windows_per_image; ++window)
    for (index_t h = 0; h < s.heads; ++h)
      for (index_t i = 0; i < n; ++i) {
        std::vector<double> weight(n);
        double sum = 0;
        for (index_t j = 0; j < n; ++j) {
          double score = 0;
          for (index_t c = h * s.head_size; c < (h + 1) * s.head_size; ++c)
            score += p.q[(window / s.windows_per_image * n + i) * channels + c] *
                     p.kv[(window * n + j) * 2 * channels + c];
          const index_t down = i / w - j / w, right = i % w - j % w;
          const index_t entry = (down + w - 1) * (2 * w - 1) + right + w - 1;
          weight[j] = std::exp(s.scale * score + p.table[entry * s.heads + h]);
          sum += weight[j];
        }
        if (lse) (*lse)[(window * s.heads + h) * n + i] = std::log(sum);
        for (index_t j = 0; j < n; ++j)
          for (index_t c = h * s.head_size; c < (h + 1) * s.head_size; ++c)
            out[(window * n + i) * channels + c] +=
                weight[j] / sum * p.kv[(window * n + j) * 2 * channels + channels + c];
      }
  return out;
}

class WindowAttention : public testing::TestWithParam<Sizes> {};

TEST_P(WindowAttention, ForwardMatchesTheDefinition) {
  CpuQueue queue(2);
  const Problem<double> problem(GetParam());
  std::vector<double> expected_lse;
  const std::vector<double> expected = reference(problem, &expected_lse);
  Output<double> out(problem.dout.size()), lse(problem.lse_size());
  problem.forward(queue, out.data(), lse.data());
  POSTER_EXPECT_CLOSE(out.values(), expected, 1e-13);
  POSTER_EXPECT_CLOSE(lse.values(), expected_lse, 1e-13);
  EXPECT_EQ(problem.forward(queue), out.values()) << "without lse";
}

TEST_P(WindowAttention, GradientsMatchCentralDifferences) {
  CpuQueue queue(2);
  Problem<double> problem(GetParam());
  const Gradients<double> gradients = problem.gradients(queue);
  auto check = [&](std::vector<double>& x, const std::vector<double>& gradient, const char* name) {
    std::vector<std::size_t> elements;
    std::vector<double> chosen;
    for (std::size_t i = 0; i < x.size(); i += x.size() / 60 + 1) {
      elements.push_back(i);
      chosen.push_back(gradient[i]);
    }
    const auto expected = test::numeric_gradient(
        x, [&] { return test::dot(problem.dout, problem.forward(queue)); }, elements);
    // A window of one token has probability one whatever q, k and the table are.
    EXPECT_LE(test::relative_error(chosen, expected, 1e-2), 1e-7) << name;
  };
  check(problem.q, gradients.q, "dq");
  check(problem.kv, gradients.kv, "dkv");
  check(problem.table, gradients.table, "dtable");
}

// All elements at once, along one random direction.
TEST_P(WindowAttention, GradientsMatchTheDirectionalDerivative) {
  CpuQueue queue(2);
  Problem<double> problem(GetParam());
  const Gradients<double> gradients = problem.gradients(queue);
  auto check = [&](std::vector<double>& x, const std::vector<double>& gradient, const char* name) {
    const std::vector<double> start = x, direction = random_values<double>(x.size(), 25);
    double magnitude = 0;
    for (std::size_t i = 0; i < x.size(); ++i) magnitude += std::abs(gradient[i] * direction[i]);
    std::vector<double> t{0};
    const double expected = test::numeric_gradient(t, [&] {
      for (std::size_t i = 0; i < x.size(); ++i) x[i] = start[i] + t[0] * direction[i];
      return test::dot(problem.dout, problem.forward(queue));
    })[0];
    x = start;
    EXPECT_LE(std::abs(test::dot(gradient, direction) - expected), 1e-8 * magnitude + 1e-8) << name;
  };
  check(problem.q, gradients.q, "dq");
  check(problem.kv, gradients.kv, "dkv");
  check(problem.table, gradients.table, "dtable");
}

TEST_P(WindowAttention, GradientsWithoutThatOfTheQuery) {
  CpuQueue queue(2);
  const Problem<double> problem(GetParam());
  const auto all = problem.gradients(queue), fewer = problem.gradients(queue, false);
  EXPECT_EQ(all.kv, fewer.kv);
  // The images' windows are grouped otherwise, so the sum's order is another.
  EXPECT_LE(test::relative_error(fewer.table, all.table, 1e-2), 1e-13);
}

TEST_P(WindowAttention, FloatAgreesWithDouble) {
  CpuQueue queue(2);
  const Problem<float> problem(GetParam());
  const Problem<double> exact(problem);
  POSTER_EXPECT_CLOSE(problem.forward(queue), exact.forward(queue), 1e-6);
  const auto actual = problem.gradients(queue);
  const auto expected = exact.gradients(queue);
  EXPECT_LE(test::relative_error(actual.q, expected.q, 1e-2), 2e-6);
  EXPECT_LE(test::relative_error(actual.kv, expected.kv), 2e-6);
  // Sums of up to batch x windows x tokens terms that mostly cancel.
  EXPECT_LE(test::relative_error(actual.table, expected.table, 1e-2), 5e-6);
}

TEST_P(WindowAttention, SameBitsForAnyNumberOfThreads) {
  const Problem<float> problem(GetParam());
  CpuQueue one(1);
  const auto out = problem.forward(one);
  const auto gradients = problem.gradients(one), without_q = problem.gradients(one, false);
  for (int threads : {2, 3}) {
    CpuQueue queue(threads);
    EXPECT_EQ(problem.forward(queue), out);
    EXPECT_EQ(problem.gradients(queue), gradients);
    EXPECT_EQ(problem.gradients(queue, false), without_q);
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, WindowAttention,
                         testing::Values(Sizes{1, 1, 1, 1, 1}, Sizes{2, 3, 1, 2, 5}, Sizes{2, 1, 3, 2, 5},
                                         Sizes{2, 4, 3, 3, 1}, Sizes{1, 2, 5, 2, 16}, Sizes{1, 1, 2, 1, 96},
                                         Sizes{2, 1, 7, 2, 32}, Sizes{1, 2, 9, 1, 7}, Sizes{1, 1, 14, 2, 8}));

TEST(WindowAttentionLarge, WindowOf28MatchesTheDefinition) {
  CpuQueue queue(2);
  const Problem<float> problem({1, 1, 28, 2, 8});
  const auto expected = reference(Problem<double>(problem));
  // An output is the mean of 784 values of both signs: small against the terms that are rounded.
  POSTER_EXPECT_CLOSE(problem.forward(queue), expected, 2e-6);
  const auto actual = problem.gradients(queue);
  const auto exact = Problem<double>(problem).gradients(queue);
  POSTER_EXPECT_CLOSE(actual.q, exact.q, 2e-6);
  POSTER_EXPECT_CLOSE(actual.kv, exact.kv, 2e-6);
  POSTER_EXPECT_CLOSE(actual.table, exact.table, 5e-6);
}

TEST(WindowAttentionExtremes, NanStaysInWhatDependsOnIt) {
  CpuQueue queue(2);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Sizes sizes{2, 2, 3, 2, 8};  // windows of 9 tokens of 16 channels
  auto nans = [&](const Problem<float>& problem, auto depends) {
    const auto out = problem.forward(queue);
    for (index_t i = 0; i < static_cast<index_t>(out.size()); ++i)
      ASSERT_EQ(std::isnan(out[i]), depends(i / 144, i / 16 % 9, i % 16)) << i;
  };
  Problem<float> in_q(sizes), in_table(sizes), in_k(sizes);
  in_q.q[4 * 16 + 9] = nan;  // image 0, token 4, head 1
  nans(in_q, [](index_t window, index_t token, index_t channel) {
    return window < 2 && token == 4 && channel >= 8;
  });
  in_table.table[0] = nan;  // head 0, query above and left of the key by two: token 0 and key 8
  nans(in_table, [](index_t, index_t token, index_t channel) { return token == 0 && channel < 8; });
  in_k.kv[3 * 9 * 32 + 2] = nan;  // window 3, key 0, head 0
  nans(in_k, [](index_t window, index_t, index_t channel) { return window == 3 && channel < 8; });
}

TEST(WindowAttentionExtremes, LargeScoresDoNotOverflow) {
  CpuQueue queue(2);
  Problem<float> problem({1, 1, 5, 2, 32}, 3);
  for (std::size_t i = 0; i < problem.table.size(); ++i) problem.table[i] *= 80;
  problem.table[0] = problem.table[80] = 95;
  const auto expected = reference(Problem<double>(problem));
  // Rounding of the scores, relative to their size, limits the agreement.
  POSTER_EXPECT_CLOSE(problem.forward(queue), expected, 2e-5);
  const auto actual = problem.gradients(queue);
  const auto exact = Problem<double>(problem).gradients(queue);
  POSTER_EXPECT_CLOSE(actual.q, exact.q, 1e-4);
  POSTER_EXPECT_CLOSE(actual.kv, exact.kv, 1e-4);
  POSTER_EXPECT_CLOSE(actual.table, exact.table, 1e-4);
}

struct Map {
  index_t batch, rows, columns, window, channels;
};

class WindowPartitioning : public testing::TestWithParam<Map> {};

TEST_P(WindowPartitioning, GoesThereAndBack) {
  CpuQueue queue(2);
  const auto [batch, rows, columns, window, channels] = GetParam();
  const index_t height = rows * window, width = columns * window;
  const auto map = random_values<float>(batch * height * width * channels, 31);
  Output<float> windows(map.size()), again(map.size());
  window_partition(queue, WindowPartition<float>{.out = windows.data(),
                                                 .x = map.data(),
                                                 .batch = batch,
                                                 .rows = rows,
                                                 .columns = columns,
                                                 .window = window,
                                                 .channels = channels});
  for (index_t b = 0; b < batch; ++b)
    for (index_t y = 0; y < height; ++y)
      for (index_t x = 0; x < width; ++x)
        for (index_t c = 0; c < channels; ++c) {
          const index_t w = (b * rows + y / window) * columns + x / window;
          const index_t token = y % window * window + x % window;
          ASSERT_EQ(windows.data()[(w * window * window + token) * channels + c],
                    map[((b * height + y) * width + x) * channels + c]);
        }
  window_partition(queue, WindowPartition<float>{.out = again.data(),
                                                 .x = windows.data(),
                                                 .batch = batch,
                                                 .rows = rows,
                                                 .columns = columns,
                                                 .window = window,
                                                 .channels = channels,
                                                 .reverse = true});
  EXPECT_EQ(again.values(), map);
}

INSTANTIATE_TEST_SUITE_P(Sizes, WindowPartitioning,
                         testing::Values(Map{1, 1, 1, 1, 1}, Map{2, 2, 3, 3, 5}, Map{1, 3, 2, 7, 4},
                                         Map{3, 1, 4, 2, 1}, Map{2, 1, 1, 14, 16}));

}  // namespace
}  // namespace poster::kernels
