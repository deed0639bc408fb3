// Counter-based random numbers: each purpose draws from its own stream, keyed by (seed, purpose, a, b), so no
// draw depends on any other, on the number of threads, or on where a run was interrupted.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernels/philox.h"

namespace poster {

enum class RandomPurpose : std::uint32_t {
  initialise = 1,  // a: hash of the tensor's name
  shuffle = 2,     // a: epoch
  augment = 3,     // a: epoch, b: position in it
  drop_path = 4,   // a: forward pass counter, b: layer
  sample_faces = 5,
  test = 6,
  headset = 7,  // a: hash of the image's name
  noise = 8,    // of images; the seed is a key drawn with the image's other augmentations
  search = 9,   // a: trial, b: hash of the parameter's name
};

// FNV-1a, 64 bit.
std::uint64_t hash_name(std::string_view text);

class RandomStream {
 public:
  RandomStream(std::uint64_t seed, RandomPurpose purpose, std::uint64_t a = 0, std::uint64_t b = 0);

  std::uint32_t bits();
  float uniform();                                   // [0, 1)
  double uniform_double();                           // [0, 1), 53 bits
  double uniform(double low, double high);           // [low, high)
  double normal();                                   // mean 0, deviation 1 (Box-Muller)
  double truncated_normal(double low, double high);  // normal() redrawn until in [low, high]
  std::uint64_t below(std::uint64_t n);              // [0, n), unbiased; n >= 1

 private:
  std::uint64_t key_;
  kernels::PhiloxCounter counter_{};
  kernels::PhiloxCounter block_{};
  int used_ = 4;
};

}  // namespace poster
