// IEEE 754 binary16 as a storage type: 11 significant bits, largest number 65504. Arithmetic is done in
// float. The same code serves the CPU and the GPU; conversion to Half rounds to nearest even.
#pragma once

#include <bit>
#include <cstdint>

#include "kernels/host_device.h"

#if defined(__CUDACC__)
#include <cuda_fp16.h>
#endif

namespace poster {

struct Half {
  std::uint16_t bits;

  Half() = default;
  POSTER_HOST_DEVICE explicit Half(float value) : bits(from_float(value)) {}
  POSTER_HOST_DEVICE explicit Half(double value) : Half(static_cast<float>(value)) {}
  POSTER_HOST_DEVICE explicit operator float() const { return to_float(bits); }
  POSTER_HOST_DEVICE explicit operator double() const { return to_float(bits); }

 private:
  POSTER_HOST_DEVICE static std::uint16_t from_float(float value) {
#if defined(__CUDA_ARCH__)
    return __half_as_ushort(__float2half_rn(value));
#else
    const auto x = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t sign = x >> 16 & 0x8000, magnitude = x & 0x7FFFFFFF;
    if (magnitude > 0x7F800000) return static_cast<std::uint16_t>(sign | 0x7FFF);   // NaN, as the GPU's
    if (magnitude >= 0x477FF000) return static_cast<std::uint16_t>(sign | 0x7C00);  // rounds to infinity
    // Below 2^-14: subnormal. Adding 0.5 puts the significant bits at the bottom, rounded.
    if (magnitude < 0x38800000)
      return static_cast<std::uint16_t>(
          sign | (std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3F000000));
    const std::uint32_t rounded = magnitude - 0x38000000 + 0xFFF + (magnitude >> 13 & 1);
    return static_cast<std::uint16_t>(sign | rounded >> 13);
#endif
  }
  POSTER_HOST_DEVICE static float to_float(std::uint16_t bits) {
#if defined(__CUDA_ARCH__)
    return __half2float(__ushort_as_half(bits));
#else
    const std::uint32_t sign = (bits & 0x8000u) << 16, magnitude = bits & 0x7FFFu;
    if (magnitude >= 0x7C00) return std::bit_cast<float>(sign | 0x7F800000 | (magnitude & 0x3FF) << 13);
    if (magnitude < 0x400) {  // subnormal: a multiple of 2^-24
      const float value = static_cast<float>(magnitude) * 5.9604644775390625e-8f;
      return sign ? -value : value;
    }
    return std::bit_cast<float>(sign | ((magnitude << 13) + 0x38000000));
#endif
  }
};

// The type of sums, statistics, parameters of normalisations, master weights and gradients when maps and
// matrices are of type T.
template <typename T>
struct AccumulateType {
  using type = T;
};
template <>
struct AccumulateType<Half> {
  using type = float;
};
template <typename T>
using acc_t = typename AccumulateType<T>::type;

}  // namespace poster
