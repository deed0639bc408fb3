// Comparisons for numerical tests. All are written so that NaN fails: a result that was never written is
// poisoned with NaN.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace poster::test {

// Largest |actual - expected| relative to the largest |expected| (or to `floor`, when that is larger);
// infinity when any value is NaN or the sizes differ.
template <typename A, typename B>
double relative_error(const std::vector<A>& actual, const std::vector<B>& expected, double floor = 1e-30) {
  if (actual.size() != expected.size()) return std::numeric_limits<double>::infinity();
  double scale = floor, worst = 0;
  for (const B& e : expected) scale = std::max(scale, std::abs(static_cast<double>(e)));
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const double difference = std::abs(static_cast<double>(actual[i]) - static_cast<double>(expected[i]));
    if (!(difference <= std::numeric_limits<double>::max())) return std::numeric_limits<double>::infinity();
    worst = std::max(worst, difference);
  }
  return worst / scale;
}

#define POSTER_EXPECT_CLOSE(actual, expected, tolerance) \
  EXPECT_LE(::poster::test::relative_error(actual, expected), tolerance) << #actual " against " #expected

}  // namespace poster::test
