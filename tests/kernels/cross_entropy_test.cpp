#include "kernels/cross_entropy/cross_entropy.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/buffers.h"
#include "tests/support/numeric_gradient.h"

namespace poster::kernels {
namespace {

using test::Output;
using test::random_values;

struct Case {
  index_t batch, classes;
  double smoothing, weight;
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.batch << " of " << c.classes << " classes, smoothing " << c.smoothing << ", weight "
             << c.weight;
}

std::vector<std::int32_t> labels_of(const Case& c) {
  std::vector<std::int32_t> labels(c.batch);
  for (index_t n = 0; n < c.batch; ++n) labels[n] = static_cast<std::int32_t>((n * 5 + 2) % c.classes);
  return labels;
}

template <typename T>
struct Result {
  std::vector<T> losses, dx;
  bool operator==(const Result&) const = default;
};

template <typename T>
Result<T> run(CpuQueue& queue, const std::vector<T>& x, const Case& c, bool want_dx = true) {
  Output<T> losses(c.batch), dx(x.size());
  const auto labels = labels_of(c);
  cross_entropy(queue, CrossEntropy<T>{.losses = losses.data(),
                                       .dx = want_dx ? dx.data() : nullptr,
                                       .x = x.data(),
                                       .labels = labels.data(),
                                       .batch = c.batch,
                                       .classes = c.classes,
                                       .smoothing = c.smoothing,
                                       .weight = c.weight});
  return {losses.values(), want_dx ? dx.values() : std::vector<T>()};
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

class CrossEntropyLoss : public testing::TestWithParam<Case> {
 protected:
  index_t count() const { return GetParam().batch * GetParam().classes; }
};

TEST_P(CrossEntropyLoss, LossesMatchTheDefinition) {
  CpuQueue queue(2);
  const Case c = GetParam();
  const auto x = random_values<double>(count(), 1, -3, 3);
  const auto labels = labels_of(c);
  std::vector<double> expected(c.batch, 0);
  for (index_t n = 0; n < c.batch; ++n) {
    double sum = 0;
    for (index_t i = 0; i < c.classes; ++i) sum += std::exp(x[n * c.classes + i]);
    for (index_t i = 0; i < c.classes; ++i) {
      const double target = (1 - c.smoothing) * (i == labels[n]) + c.smoothing / c.classes;
      expected[n] -= c.weight * target * std::log(std::exp(x[n * c.classes + i]) / sum);
    }
  }
  EXPECT_LE(test::relative_error(run(queue, x, c).losses, expected, 1e-2), 1e-13);
  EXPECT_EQ(run(queue, x, c, false).losses, run(queue, x, c).losses) << "without dx";
}

TEST_P(CrossEntropyLoss, GradientMatchesCentralDifferences) {
  CpuQueue queue(2);
  const Case c = GetParam();
  auto x = random_values<double>(count(), 1, -3, 3);
  const auto dx = run(queue, x, c).dx;
  std::vector<std::size_t> elements;
  std::vector<double> chosen;
  for (std::size_t i = 0; i < x.size(); i += x.size() / 300 + 1) {
    elements.push_back(i);
    chosen.push_back(dx[i]);
  }
  // The differences are of a mean over the batch and lose digits in proportion to it.
  const auto expected = test::numeric_gradient(
      x, [&] { return mean(run(queue, x, c, false).losses); }, elements, 1e-4);
  EXPECT_LE(test::relative_error(chosen, expected, 1e-4), 1e-7);
  const auto labels = labels_of(c);
  std::vector<double> losses(c.batch);
  cross_entropy(queue, CrossEntropy<double>{.losses = losses.data(),
                                            .dx = x.data(),
                                            .x = x.data(),
                                            .labels = labels.data(),
                                            .batch = c.batch,
                                            .classes = c.classes,
                                            .smoothing = c.smoothing,
                                            .weight = c.weight});
  EXPECT_EQ(x, dx) << "in place";
}

TEST_P(CrossEntropyLoss, FloatAgreesWithDouble) {
  CpuQueue queue(2);
  const Case c = GetParam();
  const auto x = random_values<float>(count(), 1, -3, 3);
  const auto actual = run(queue, x, c);
  const auto expected = run(queue, std::vector<double>(x.begin(), x.end()), c);
  EXPECT_LE(test::relative_error(actual.losses, expected.losses, 1e-2), 2e-6);
  EXPECT_LE(test::relative_error(actual.dx, expected.dx, 1e-4), 2e-6);
}

TEST_P(CrossEntropyLoss, SameBitsForAnyNumberOfThreads) {
  const Case c = GetParam();
  const auto x = random_values<float>(count(), 1, -3, 3);
  CpuQueue one(1);
  const auto expected = run(one, x, c);
  for (int threads : {2, 3}) {
    CpuQueue queue(threads);
    EXPECT_EQ(run(queue, x, c), expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, CrossEntropyLoss,
                         testing::Values(Case{1, 1, 0, 1}, Case{1, 7, 0, 1}, Case{5, 7, 0.1, 1},
                                         Case{3, 8, 0.25, 2.5}, Case{13, 3, 1, 0.5}, Case{4, 71, 0.1, 2},
                                         Case{1500, 7, 0.1, 2}));

TEST(CrossEntropyExtremes, LargeScoresDoNotOverflow) {
  CpuQueue queue(1);
  const Case c{2, 3, 0, 1};  // labels 2 and 1
  const auto [losses, dx] = run(queue, std::vector<float>{80, -80, -80, -900, 900, -900}, c);
  EXPECT_EQ(losses, (std::vector<float>{160, 0}));
  EXPECT_EQ(dx, (std::vector<float>{0.5f, dx[1], -0.5f, 0, 0, 0}));
  EXPECT_LT(dx[1], 1e-30f);
}

TEST(CrossEntropyExtremes, NanStaysInItsSample) {
  CpuQueue queue(1);
  for (const index_t at : {0, 1, 2}) {
    auto x = random_values<float>(9, 1);
    x[3 + at] = std::numeric_limits<float>::quiet_NaN();
    const auto [losses, dx] = run(queue, x, {3, 3, 0.1, 1});
    for (index_t i = 0; i < 3; ++i) ASSERT_EQ(std::isnan(losses[i]), i == 1) << i;
    for (index_t i = 0; i < 9; ++i) ASSERT_EQ(std::isnan(dx[i]), i / 3 == 1) << i;
  }
}

}  // namespace
}  // namespace poster::kernels
