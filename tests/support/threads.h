// Results must not depend on the number of threads, to the bit.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "kernels/cpu_queue.h"

namespace poster::test {

// `outputs(queue)` runs a kernel and returns everything it wrote, in one vector.
template <typename F>
void expect_same_for_any_threads(F outputs) {
  kernels::CpuQueue one(1);
  const auto expected = outputs(one);
  for (int threads : {2, 3}) {
    kernels::CpuQueue queue(threads);
    const auto actual = outputs(queue);
    ASSERT_EQ(actual.size(), expected.size());
    EXPECT_EQ(std::memcmp(actual.data(), expected.data(), actual.size() * sizeof(actual[0])), 0)
        << threads << " threads";
  }
}

// The values of several vectors one after another.
template <typename T>
std::vector<T> concatenate(const std::vector<std::vector<T>>& parts) {
  std::vector<T> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

// The indices of `count` elements spread over [0, size), for numeric gradients of large inputs.
inline std::vector<std::size_t> spread_elements(std::size_t size, std::size_t count) {
  std::vector<std::size_t> elements;
  for (std::size_t i = 0; i < count && i < size; ++i)
    elements.push_back(i * size / (count < size ? count : size));
  return elements;
}

inline std::vector<double> picked(const std::vector<double>& values,
                                  const std::vector<std::size_t>& elements) {
  std::vector<double> result;
  for (std::size_t i : elements) result.push_back(values[i]);
  return result;
}

}  // namespace poster::test
