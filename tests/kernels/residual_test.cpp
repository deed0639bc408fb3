#include "kernels/residual/residual.h"

#include <gtest/gtest.h>

#include "tests/support/buffers.h"
#include "tests/support/numeric_gradient.h"
#include "tests/support/threads.h"

namespace poster::kernels {
namespace {

using test::Output;
using test::random_values;
using test::to_double;

template <typename T>
struct Problem {
  index_t batch, rows, channels;
  bool has_gamma, has_keep;
  std::vector<T> x, f, gamma, keep, dy;

  const T* gamma_or_null() const { return has_gamma ? gamma.data() : nullptr; }
  const T* keep_or_null() const { return has_keep ? keep.data() : nullptr; }
};

template <typename T>
Problem<T> random_problem(index_t batch, index_t rows, index_t channels, bool gamma, bool keep) {
  const index_t count = batch * rows * channels;
  Problem<T> p{batch,
               rows,
               channels,
               gamma,
               keep,
               random_values<T>(count, 1),
               random_values<T>(count, 2),
               random_values<T>(channels, 3),
               std::vector<T>(batch, T(1.25)),
               random_values<T>(count, 4)};
  for (index_t n = 1; n < batch; n += 3) p.keep[n] = 0;
  return p;
}

template <typename To, typename From>
Problem<To> convert(const Problem<From>& p) {
  auto values = [](const std::vector<From>& v) { return std::vector<To>(v.begin(), v.end()); };
  return {p.batch,     p.rows,      p.channels,      p.has_gamma,    p.has_keep,
          values(p.x), values(p.f), values(p.gamma), values(p.keep), values(p.dy)};
}

template <typename T>
ResidualForward<T> forward_arguments(const Problem<T>& p, T* y) {
  return {.y = y,
          .x = p.x.data(),
          .f = p.f.data(),
          .gamma = p.gamma_or_null(),
          .keep = p.keep_or_null(),
          .batch = p.batch,
          .rows = p.rows,
          .channels = p.channels};
}

template <typename T>
struct Results {
  std::vector<T> y, df, dgamma;
};

template <typename T>
Results<T> run(CpuQueue& queue, const Problem<T>& p) {
  Output<T> y(p.x.size()), df(p.x.size()), dgamma(p.channels);
  residual_forward(queue, forward_arguments(p, y.data()));
  residual_backward(queue, ResidualBackward<T>{.df = df.data(),
                                               .dgamma = p.has_gamma ? dgamma.data() : nullptr,
                                               .dy = p.dy.data(),
                                               .f = p.has_gamma ? p.f.data() : nullptr,
                                               .gamma = p.gamma_or_null(),
                                               .keep = p.keep_or_null(),
                                               .batch = p.batch,
                                               .rows = p.rows,
                                               .channels = p.channels});
  return {y.values(), df.values(), p.has_gamma ? dgamma.values() : std::vector<T>{}};
}

std::vector<double> naive_forward(const Problem<double>& p) {
  std::vector<double> y;
  for (index_t n = 0; n < p.batch; ++n)
    for (index_t r = 0; r < p.rows; ++r)
      for (index_t c = 0; c < p.channels; ++c) {
        const std::size_t i = (n * p.rows + r) * p.channels + c;
        y.push_back(p.x[i] + (p.has_keep ? p.keep[n] : 1) * (p.has_gamma ? p.gamma[c] : 1) * p.f[i]);
      }
  return y;
}

struct Case {
  index_t batch, rows, channels;
  bool gamma, keep;
};

class Residual : public testing::TestWithParam<Case> {
 protected:
  CpuQueue queue_{2};
  Problem<double> p_ = random_problem<double>(GetParam().batch, GetParam().rows, GetParam().channels,
                                              GetParam().gamma, GetParam().keep);
};

TEST_P(Residual, FollowsTheFormula) { POSTER_EXPECT_CLOSE(run(queue_, p_).y, naive_forward(p_), 1e-15); }

TEST_P(Residual, GradientsMatchCentralDifferences) {
  const auto results = run(queue_, p_);
  auto loss = [&] { return test::dot(p_.dy, naive_forward(p_)); };
  const auto elements = test::spread_elements(p_.f.size(), 60),
             channels = test::spread_elements(p_.channels, 30);
  // The loss is linear in each number: a large step has no error of its own.
  EXPECT_LE(test::relative_error(test::picked(results.df, elements),
                                 test::numeric_gradient(p_.f, loss, elements, 1e-2), 1),
            1e-10);
  if (p_.has_gamma) {
    EXPECT_LE(test::relative_error(test::picked(results.dgamma, channels),
                                   test::numeric_gradient(p_.gamma, loss, channels, 1e-2), 1),
              1e-10);
  }
}

TEST_P(Residual, FloatAgreesWithDouble) {
  const auto single = convert<float>(p_);
  const auto actual = run(queue_, single);
  const auto expected = run(queue_, convert<double>(single));
  POSTER_EXPECT_CLOSE(actual.y, expected.y, 2e-7);
  POSTER_EXPECT_CLOSE(actual.df, expected.df, 2e-7);
  if (p_.has_gamma) {
    EXPECT_LE(test::relative_error(actual.dgamma, expected.dgamma, 1), 1e-6);
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, Residual,
                         testing::Values(Case{1, 1, 1, true, true}, Case{1, 1, 1, false, false},
                                         Case{5, 3, 7, true, true}, Case{3, 49, 64, true, false},
                                         Case{4, 50, 71, false, true}, Case{7, 148, 33, true, true},
                                         Case{2, 9, 768, false, false}));

TEST(ResidualEdges, OutputMayBeEitherInput) {
  CpuQueue queue(2);
  for (bool gamma : {false, true}) {
    auto p = random_problem<float>(5, 97, 65, gamma, true);
    const auto expected = run(queue, p).y;
    auto x = p.x, f = p.f;
    auto over_x = forward_arguments(p, x.data());
    over_x.x = x.data();
    residual_forward(queue, over_x);
    auto over_f = forward_arguments(p, f.data());
    over_f.f = f.data();
    residual_forward(queue, over_f);
    EXPECT_EQ(x, expected);
    EXPECT_EQ(f, expected);
  }
}

TEST(ResidualEdges, NaNComesThrough) {
  CpuQueue queue(2);
  auto p = random_problem<float>(2, 3, 5, true, false);
  p.f[7] = p.dy[9] = std::numeric_limits<float>::quiet_NaN();
  const auto results = run(queue, p);
  for (std::size_t i = 0; i < p.f.size(); ++i) {
    EXPECT_EQ(std::isnan(results.y[i]), i == 7);
    EXPECT_EQ(std::isnan(results.df[i]), i == 9);
  }
  for (std::size_t c = 0; c < 5; ++c) EXPECT_EQ(std::isnan(results.dgamma[c]), c == 2 || c == 4);
}

TEST(ResidualEdges, SameForAnyNumberOfThreads) {
  const auto p = random_problem<float>(13, 148, 65, true, true);
  test::expect_same_for_any_threads([&](CpuQueue& queue) {
    const auto r = run(queue, p);
    return test::concatenate<float>({r.y, r.df, r.dgamma});
  });
}

TEST(AddTest, AddsAlsoInPlace) {
  CpuQueue queue(2);
  for (index_t count : {1, 7, 40'001}) {
    const auto a = random_values<float>(count, 1), b = random_values<float>(count, 2);
    Output<float> out(count);
    std::vector<float> expected;
    for (index_t i = 0; i < count; ++i) expected.push_back(a[i] + b[i]);
    add(queue, Add<float>{.out = out.data(), .a = a.data(), .b = b.data(), .count = count});
    EXPECT_EQ(out.values(), expected);
    auto over_a = a, over_b = b;
    add(queue, Add<float>{.out = over_a.data(), .a = over_a.data(), .b = b.data(), .count = count});
    add(queue, Add<float>{.out = over_b.data(), .a = a.data(), .b = over_b.data(), .count = count});
    EXPECT_EQ(over_a, expected);
    EXPECT_EQ(over_b, expected);
  }
}

template <typename T>
std::vector<T> mask(index_t batch, double rate, std::uint64_t seed, std::uint64_t call, std::uint64_t layer) {
  CpuQueue queue(1);
  Output<T> keep(batch);
  drop_path_mask(
      queue,
      DropPathMask<T>{
          .keep = keep.data(), .batch = batch, .rate = rate, .seed = seed, .layer = layer, .call = &call});
  return keep.values();
}

TEST(DropPathMaskTest, KeepsTheAskedShare) {
  const index_t batch = 100'000;
  for (double rate : {0.0, 0.01, 0.1, 0.5, 0.9}) {
    index_t kept = 0;
    for (double k : mask<double>(batch, rate, 1, 2, 3)) {
      EXPECT_TRUE(k == 0 || k == 1 / (1 - rate)) << k;
      kept += k != 0;
    }
    // Five standard deviations.
    EXPECT_NEAR(static_cast<double>(kept) / batch, 1 - rate, 5 * std::sqrt(rate * (1 - rate) / batch))
        << rate;
  }
}

TEST(DropPathMaskTest, DependsOnEachKeyAndOnNothingElse) {
  const index_t batch = 200;
  const std::uint64_t high = 1ull << 32;
  const auto base = mask<float>(batch, 0.5, 1, 2, 3);
  EXPECT_EQ(mask<float>(batch, 0.5, 1, 2, 3), base);
  for (const auto& other : {mask<float>(batch, 0.5, 2, 2, 3), mask<float>(batch, 0.5, 1 + high, 2, 3),
                            mask<float>(batch, 0.5, 1, 3, 3), mask<float>(batch, 0.5, 1, 2 + high, 3),
                            mask<float>(batch, 0.5, 1, 2, 4), mask<float>(batch, 0.5, 1, 2, 3 + high),
                            mask<float>(batch, 0.5, 1, 3, 2)}) {
    index_t same = 0;
    for (index_t n = 0; n < batch; ++n) same += other[n] == base[n];
    EXPECT_GT(same, 60);  // independent: 100 expected, deviation 7
    EXPECT_LT(same, 140);
  }
  // A sample's factor does not depend on how many others there are, nor on the type.
  const auto longer = mask<float>(batch + 5, 0.5, 1, 2, 3);
  EXPECT_EQ(std::vector<float>(longer.begin(), longer.end() - 5), base);
  EXPECT_EQ(mask<double>(batch, 0.5, 1, 2, 3), to_double(base));
}

}  // namespace
}  // namespace poster::kernels
