// Philox4x32-10, a counter-based random number generator: a random number is a function of (key, counter), so
// nothing depends on who drew first. The same code serves the CPU and the GPU. Source: Salmon et al.,
// "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011.
#pragma once

#include <cstdint>

#include "kernels/host_device.h"

namespace poster::kernels {

struct PhiloxCounter {
  std::uint32_t x[4];
};

POSTER_HOST_DEVICE inline PhiloxCounter philox4x32(PhiloxCounter counter, std::uint64_t key) {
  std::uint32_t k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = 0xD2511F53ull * counter.x[0];
    const std::uint64_t p1 = 0xCD9E8D57ull * counter.x[2];
    counter = {{static_cast<std::uint32_t>(p1 >> 32) ^ counter.x[1] ^ k0, static_cast<std::uint32_t>(p1),
                static_cast<std::uint32_t>(p0 >> 32) ^ counter.x[3] ^ k1, static_cast<std::uint32_t>(p0)}};
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return counter;
}

// Uniform in [0, 1) with 24 bits, exact in float.
POSTER_HOST_DEVICE inline float uniform_from_bits(std::uint32_t bits) {
  return static_cast<float>(bits >> 8) * (1.0f / 16777216.0f);
}

// Whether drop path keeps this sample: with probability 1 - rate, from the stream (seed, call, layer).
POSTER_HOST_DEVICE inline bool drop_path_keeps(std::uint64_t seed, std::uint64_t call, std::uint64_t layer,
                                               std::uint32_t sample, double rate) {
  const std::uint64_t key = seed ^ ((layer >> 32) * 0x9E3779B97F4A7C15ull);
  const PhiloxCounter bits =
      philox4x32({{sample, static_cast<std::uint32_t>(layer), static_cast<std::uint32_t>(call),
                   static_cast<std::uint32_t>(call >> 32)}},
                 key);
  return uniform_from_bits(bits.x[0]) >= rate;
}

}  // namespace poster::kernels
