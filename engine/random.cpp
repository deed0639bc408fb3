#include "engine/random.h"

#include <cmath>
#include <numbers>

namespace poster {
namespace {

// SplitMix64's finaliser: spreads neighbouring keys over all bits.
std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

}  // namespace

std::uint64_t hash_name(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325ull;
  for (unsigned char c : text) hash = (hash ^ c) * 0x100000001B3ull;
  return hash;
}

RandomStream::RandomStream(std::uint64_t seed, RandomPurpose purpose, std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t golden = 0x9E3779B97F4A7C15ull;
  key_ = mix(seed + golden * (static_cast<std::uint64_t>(purpose) + 1));
  const std::uint64_t stream = mix(mix(a + golden) + b * golden);
  counter_ = {{0, 0, static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)}};
}

std::uint32_t RandomStream::bits() {
  if (used_ == 4) {
    block_ = kernels::philox4x32(counter_, key_);
    if (++counter_.x[0] == 0) ++counter_.x[1];
    used_ = 0;
  }
  return block_.x[used_++];
}

float RandomStream::uniform() { return kernels::uniform_from_bits(bits()); }

double RandomStream::uniform_double() {
  const std::uint64_t high = bits() >> 5, low = bits() >> 6;
  return static_cast<double>(high * 67108864 + low) * (1.0 / 9007199254740992.0);
}

double RandomStream::uniform(double low, double high) { return low + (high - low) * uniform_double(); }

double RandomStream::normal() {
  const double u = 1.0 - uniform_double();
  const double v = uniform_double();
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
}

double RandomStream::truncated_normal(double low, double high) {
  for (;;) {
    const double value = normal();
    if (value >= low && value <= high) return value;
  }
}

std::uint64_t RandomStream::below(std::uint64_t n) {
  const std::uint64_t limit = ~std::uint64_t{0} - ~std::uint64_t{0} % n;
  for (;;) {
    const std::uint64_t value = (static_cast<std::uint64_t>(bits()) << 32) | bits();
    if (value < limit) return value % n;
  }
}

}  // namespace poster
