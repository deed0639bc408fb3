// What tests of CUDA ops share: the fixture, comparisons with a tolerance per type, and runs in every order.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "kernels/cuda_device.h"
#include "kernels/half.h"
#include "tests/support/device_array.h"
#include "tests/support/device_backend.h"

namespace poster::test {

// Skips where there is no CUDA device. For tests with parameters: CudaTestWith<Sizes>.
template <typename Base>
class OnCuda : public Base {
 protected:
  void SetUp() override {
    if (const std::string why = kernels::cuda_unavailable(); !why.empty()) GTEST_SKIP() << why;
  }
};
using CudaTest = OnCuda<testing::Test>;
template <typename Parameter>
using CudaTestWith = OnCuda<testing::TestWithParam<Parameter>>;

// What an op wrote, by name.
using Results = std::map<std::string, std::vector<double>>;

// The relative rounding of T as a result, on top of the error of float arithmetic.
template <typename T>
constexpr double kRounding = 0;
template <>
constexpr double kRounding<Half> = 1.0 / 2048;

// Every |actual - expected| within `tolerance` times the largest |expected| (or `floor`, when that is
// larger), plus the rounding of `expected` itself to T. NaN and different sizes fail.
template <typename T>
testing::AssertionResult close(const std::vector<double>& actual, const std::vector<double>& expected,
                               double tolerance, double floor = 1e-30) {
  if (actual.size() != expected.size())
    return testing::AssertionFailure() << actual.size() << " values, expected " << expected.size();
  double scale = floor;
  for (const double e : expected) scale = std::max(scale, std::abs(e));
  const double subnormal = kRounding<T> > 0 ? 0x1p-25 : 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const double slack = tolerance * scale + 1.001 * kRounding<T> * std::abs(expected[i]) + subnormal;
    if (!(std::abs(actual[i] - expected[i]) <= slack))
      return testing::AssertionFailure() << "element " << i << " of " << actual.size() << " is " << actual[i]
                                         << ", expected " << expected[i] << " to " << slack;
  }
  return testing::AssertionSuccess();
}

// Calls run(), which returns Results, in every order that the device offers: all must give the same bits.
// Returns those.
template <typename F>
Results for_each_order(F run) {
  Results first;
  for (int order = 0; order < order_count(); ++order) {
    choose_order(order);
    const Results results = run();
    if (order == 0) {
      first = results;
      continue;
    }
    EXPECT_EQ(results.size(), first.size());
    for (const auto& [name, values] : first) {
      const std::vector<double>& other = results.at(name);
      EXPECT_EQ(other.size(), values.size());
      for (std::size_t i = 0; i < values.size() && i < other.size(); ++i)
        if (std::memcmp(&values[i], &other[i], sizeof(double)) != 0) {
          ADD_FAILURE() << name << "[" << i << "] is " << values[i] << " in order " << order_name(0) << ", "
                        << other[i] << " in order " << order_name(order);
          break;
        }
    }
  }
  choose_order(0);
  return first;
}

}  // namespace poster::test
