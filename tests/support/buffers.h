// Buffers for kernel tests: outputs start as NaN, and guard zones on both sides show writes out of bounds.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "engine/random.h"

namespace poster::test {

// Random values, uniform in [low, high); the same for the same seed.
template <typename T>
std::vector<T> random_values(std::int64_t count, std::uint64_t seed, double low = -1, double high = 1) {
  RandomStream random(seed, RandomPurpose::test);
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(random.uniform(low, high));
  return values;
}

// An output buffer of `count` NaNs between two guard zones.
template <typename T>
class Output {
 public:
  explicit Output(std::int64_t count) : count_(count), memory_(count + 2 * kGuard, kNaN) {
    for (std::int64_t i = 0; i < kGuard; ++i) memory_[i] = memory_[memory_.size() - 1 - i] = kGuardValue;
  }
  ~Output() { EXPECT_TRUE(intact()) << "a kernel wrote outside its output"; }

  T* data() { return memory_.data() + kGuard; }
  std::int64_t size() const { return count_; }
  std::vector<T> values() const { return {memory_.begin() + kGuard, memory_.end() - kGuard}; }
  bool intact() const {
    for (std::int64_t i = 0; i < kGuard; ++i)
      if (memory_[i] != kGuardValue || memory_[memory_.size() - 1 - i] != kGuardValue) return false;
    return true;
  }

 private:
  static constexpr std::int64_t kGuard = 64;
  static constexpr T kGuardValue = static_cast<T>(-12345.5);
  static constexpr T kNaN = std::numeric_limits<T>::quiet_NaN();
  std::int64_t count_;
  std::vector<T> memory_;
};

}  // namespace poster::test
