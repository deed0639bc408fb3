// Softmax of a few numbers on the host: of logits that are on their way out, and of one row of attention. Sums
// are taken in double.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

namespace poster {

// In place. Where a value is NaN or infinity, or all are -infinity, all become NaN.
template <typename T>
void softmax(std::span<T> values) {
  if (values.empty()) return;
  const double largest = static_cast<double>(*std::max_element(values.begin(), values.end()));
  double sum = 0;
  for (const T value : values) sum += std::exp(static_cast<double>(value) - largest);
  for (T& value : values) value = static_cast<T>(std::exp(static_cast<double>(value) - largest) / sum);
}

}  // namespace poster
