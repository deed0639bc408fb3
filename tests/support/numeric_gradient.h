// Gradients by central differences, in double: the judge of every backward pass.
#pragma once

#include <functional>
#include <vector>

#include "tests/support/compare.h"

namespace poster::test {

// d loss / d x[i] for the given elements (all when empty), by (L(x + eps) - L(x - eps)) / (2 eps). `loss`
// reads x by reference, so x is restored after each element.
inline std::vector<double> numeric_gradient(std::vector<double>& x, const std::function<double()>& loss,
                                            const std::vector<std::size_t>& elements = {},
                                            double eps = 1e-5) {
  std::vector<double> gradient;
  const std::size_t count = elements.empty() ? x.size() : elements.size();
  gradient.reserve(count);
  for (std::size_t k = 0; k < count; ++k) {
    double& value = x[elements.empty() ? k : elements[k]];
    const double original = value;
    value = original + eps;
    const double above = loss();
    value = original - eps;
    const double below = loss();
    value = original;
    gradient.push_back((above - below) / (2 * eps));
  }
  return gradient;
}

// loss = dot(weights, output), with random weights: unlike a plain sum it sees every output, and softmax too.
inline double dot(const std::vector<double>& weights, const std::vector<double>& output) {
  if (weights.size() != output.size()) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  for (std::size_t i = 0; i < output.size(); ++i) sum += weights[i] * output[i];
  return sum;
}

}  // namespace poster::test
