// Values of any type as doubles, exactly.
#pragma once

#include <vector>

namespace poster::test {

template <typename T>
std::vector<double> to_double(const std::vector<T>& values) {
  std::vector<double> result;
  result.reserve(values.size());
  for (const T& value : values) result.push_back(static_cast<double>(value));
  return result;
}

}  // namespace poster::test
