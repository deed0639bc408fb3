#include "kernels/token_assembly/token_assembly.h"

#include <gtest/gtest.h>

#include "tests/support/buffers.h"
#include "tests/support/compare.h"
#include "tests/support/threads.h"

namespace poster::kernels {
namespace {

using test::Output;
using test::random_values;

template <typename T>
struct Problem {
  index_t batch, tokens, channels;
  std::vector<T> levels[3], cls, position, dy;
  index_t rows() const { return 1 + 3 * tokens; }
};

template <typename T>
Problem<T> random_problem(index_t batch, index_t tokens, index_t channels) {
  Problem<T> p{batch, tokens, channels, {}, {}, {}, {}};
  for (int level = 0; level < 3; ++level)
    p.levels[level] = random_values<T>(batch * tokens * channels, level);
  p.cls = random_values<T>(channels, 3);
  p.position = random_values<T>(p.rows() * channels, 4);
  p.dy = random_values<T>(batch * p.rows() * channels, 5);
  return p;
}

template <typename T>
std::vector<T> forward(CpuQueue& queue, const Problem<T>& p) {
  Output<T> y(p.dy.size());
  token_assembly(queue,
                 TokenAssembly<T>{.y = y.data(),
                                  .levels = {p.levels[0].data(), p.levels[1].data(), p.levels[2].data()},
                                  .cls = p.cls.data(),
                                  .position = p.position.data(),
                                  .batch = p.batch,
                                  .tokens = p.tokens,
                                  .channels = p.channels});
  return y.values();
}

template <typename T>
struct Gradients {
  std::vector<T> levels[3], cls, position;
};

template <typename T>
Gradients<T> backward(CpuQueue& queue, const Problem<T>& p) {
  const index_t count = p.batch * p.tokens * p.channels;
  Output<T> d0(count), d1(count), d2(count), dcls(p.channels), dposition(p.position.size());
  token_assembly_backward(queue, TokenAssemblyBackward<T>{.dlevels = {d0.data(), d1.data(), d2.data()},
                                                          .dcls = dcls.data(),
                                                          .dposition = dposition.data(),
                                                          .dy = p.dy.data(),
                                                          .batch = p.batch,
                                                          .tokens = p.tokens,
                                                          .channels = p.channels});
  return {{d0.values(), d1.values(), d2.values()}, dcls.values(), dposition.values()};
}

struct Sizes {
  index_t batch, tokens, channels;
};

class TokenAssemblyTest : public testing::TestWithParam<Sizes> {
 protected:
  CpuQueue queue_{2};
};

TEST_P(TokenAssemblyTest, ForwardAndBackwardFollowTheFormula) {
  const auto [batch, tokens, channels] = GetParam();
  const auto p = random_problem<double>(batch, tokens, channels);
  std::vector<double> y, dcls(channels), dposition(p.position.size()), dlevels[3];
  for (index_t n = 0; n < batch; ++n) {
    auto row_of = [&](const std::vector<double>& x, index_t start) {
      for (index_t c = 0; c < channels; ++c) {
        const index_t place = y.size() - n * p.rows() * channels;
        dposition[place] += p.dy[y.size()];
        y.push_back(x[start + c] + p.position[place]);
      }
    };
    for (index_t c = 0; c < channels; ++c) dcls[c] += p.dy[n * p.rows() * channels + c];
    row_of(p.cls, 0);
    for (int level = 0; level < 3; ++level)
      for (index_t t = 0; t < tokens; ++t) {
        dlevels[level].insert(dlevels[level].end(), p.dy.begin() + y.size(),
                              p.dy.begin() + y.size() + channels);
        row_of(p.levels[level], (n * tokens + t) * channels);
      }
  }
  EXPECT_EQ(forward(queue_, p), y);
  const auto gradients = backward(queue_, p);
  for (int level = 0; level < 3; ++level) EXPECT_EQ(gradients.levels[level], dlevels[level]) << level;
  POSTER_EXPECT_CLOSE(gradients.cls, dcls, 1e-14);
  POSTER_EXPECT_CLOSE(gradients.position, dposition, 1e-14);
}

TEST_P(TokenAssemblyTest, FloatAgreesWithDouble) {
  const auto [batch, tokens, channels] = GetParam();
  const auto p = random_problem<float>(batch, tokens, channels);
  Problem<double> d{batch,
                    tokens,
                    channels,
                    {},
                    test::to_double(p.cls),
                    test::to_double(p.position),
                    test::to_double(p.dy)};
  for (int level = 0; level < 3; ++level) d.levels[level] = test::to_double(p.levels[level]);
  POSTER_EXPECT_CLOSE(forward(queue_, p), forward(queue_, d), 1e-7);
  POSTER_EXPECT_CLOSE(backward(queue_, p).position, backward(queue_, d).position, 1e-6);
  POSTER_EXPECT_CLOSE(backward(queue_, p).cls, backward(queue_, d).cls, 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Shapes, TokenAssemblyTest,
                         testing::Values(Sizes{1, 1, 1}, Sizes{3, 2, 7}, Sizes{5, 49, 65}, Sizes{64, 4, 33}));

TEST(TokenAssemblyEdges, SameForAnyNumberOfThreadsAndNaNComesThrough) {
  auto p = random_problem<float>(7, 49, 129);
  p.levels[1][0] = p.dy[3] = std::numeric_limits<float>::quiet_NaN();
  test::expect_same_for_any_threads([&](CpuQueue& queue) {
    const auto y = forward(queue, p);
    const auto d = backward(queue, p);
    EXPECT_TRUE(std::isnan(y[50 * 129]) && std::isnan(d.cls[3]) && std::isnan(d.position[3]));
    return test::concatenate<float>({y, d.levels[0], d.levels[1], d.levels[2], d.cls, d.position});
  });
}

}  // namespace
}  // namespace poster::kernels
