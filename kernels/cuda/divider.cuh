// Division by a number that the host knows: a multiplication instead of the hundred instructions that a GPU
// needs to divide 64-bit integers. Source: Granlund & Montgomery, "Division by Invariant Integers using
// Multiplication", PLDI 1994.
#pragma once

#include <cstdint>

#include "kernels/cuda/runtime.h"
#include "kernels/index.h"

namespace poster::kernels {

// For dividends from 0 to 2^63 - 1 and divisors up to 2^62. With 2^l >= d > 2^(l - 1) and m = floor(2^(63 +
// l) / d) + 1 the quotient is floor(n m / 2^(63 + l)): m exceeds 2^(63 + l) / d by at most 1, which moves n m
// / 2^(63 + l) by less than 1 / d.
class Divider {
 public:
  // The size of something empty, 0, divides nothing.
  explicit Divider(index_t divisor) : divisor_(divisor > 0 ? divisor : 1) {
    while ((index_t{1} << shift_) < divisor_) ++shift_;
    multiplier_ = static_cast<std::uint64_t>((Wide{1} << (63 + shift_)) / static_cast<Wide>(divisor_) + 1);
  }
  __device__ index_t quotient(index_t n) const {
    // Twice n keeps the shift from being negative.
    const Wide product = static_cast<Wide>(static_cast<std::uint64_t>(n) << 1) * multiplier_;
    return static_cast<index_t>(static_cast<std::uint64_t>(product >> 64) >> shift_);
  }
  __device__ index_t remainder(index_t n) const { return n - quotient(n) * divisor_; }

 private:
  using Wide = unsigned __int128;
  index_t divisor_;
  std::uint64_t multiplier_ = 0;
  int shift_ = 0;
};

}  // namespace poster::kernels
