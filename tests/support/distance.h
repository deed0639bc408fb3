// How far two arrays of results are apart.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

namespace poster::test {

inline double largest(std::span<const float> values) {
  double result = 0;
  for (float value : values) result = std::max(result, std::abs(static_cast<double>(value)));
  return result;
}

// NaN in either is infinitely far.
inline double distance(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size()) return INFINITY;
  double result = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(static_cast<double>(a[i]) - b[i]);
    if (!(difference <= 1e30)) return INFINITY;
    result = std::max(result, difference);
  }
  return result;
}

}  // namespace poster::test
