// Functions of one number that the compiler can use inside vectorised loops: in float branch-free polynomials
// of our own, in double the standard library's. To be included by *cpu.cpp files only: everything lives in
// the namespace of the instruction set. NaN comes through everywhere.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>

namespace poster::kernels::POSTER_ISA {

// e^x. Float: relative error below 2e-7; 0 where the result would be below the smallest normal number
// (x < -87.33), infinity above 88.72.
template <typename T>
inline T fast_exp(T x) {
  if constexpr (std::is_same_v<T, float>) {
    // Outside these bounds the result is 0 or infinity anyway. Written so that NaN stays.
    float clamped = x > 89.0f ? 89.0f : x;
    clamped = clamped < -88.0f ? -88.0f : clamped;
    // Adding 1.5 * 2^23 rounds to an integer, which is then in the low bits: x = n ln 2 + r.
    const float shifted = clamped * 1.44269504f + 12582912.0f;
    const float n = shifted - 12582912.0f;
    const std::int32_t exponent = std::bit_cast<std::int32_t>(shifted) - 0x4B400000;
    // ln 2 in two parts, the first with few enough bits for n times it to be exact.
    const float r = (clamped - n * 0.693359375f) + n * 2.12194440e-4f;
    // Minimax of (e^r - 1 - r) / r^2 on |r| <= ln 2 / 2.
    float p = 1.381461028e-3f;
    p = p * r + 8.368711147e-3f;
    p = p * r + 4.166838749e-2f;
    p = p * r + 1.666652068e-1f;
    p = p * r + 4.999999345e-1f;
    p = p * (r * r) + r + 1.0f;
    // 2^n in two factors: n reaches 128, which one float exponent can't hold.
    const std::int32_t half = exponent >> 1;
    const float scale1 = std::bit_cast<float>((half + 127) << 23);
    const float scale2 = std::bit_cast<float>((exponent - half + 127) << 23);
    const float result = p * scale1 * scale2;
    return x < -87.3365f ? 0.0f : result;
  } else {
    return std::exp(x);
  }
}

template <typename T>
inline T fast_sigmoid(T x) {
  return T(1) / (T(1) + fast_exp(-x));
}

// The standard normal distribution function and density at x, which share an exponential.
template <typename T>
struct Normal {
  T cdf, pdf;
};

// Float: absolute error of cdf below 1e-7; in the lower tail its relative error stays below 2e-5.
template <typename T>
inline Normal<T> fast_normal(T x) {
  constexpr T kInverseSqrt2Pi = T(0.398942280401432677939946);
  const T e = fast_exp(T(-0.5) * x * x);
  if constexpr (std::is_same_v<T, float>) {
    // cdf(-|x|) = e^(-x^2 / 2) g(|x|), where g is smooth and falls from 1/2 like 1 / |x|: a polynomial in
    // s = 0.42 |x| / (1 + 0.42 |x|), fitted for the smallest error of (1 + |x|) cdf. At infinity s must not
    // be infinity / infinity.
    const float u = 1.0f / (1.0f + 0.42f * std::fabs(x));
    const float s = u > 0.0f ? 0.42f * std::fabs(x) * u : 1.0f - u;
    float p = -3.801892300e-2f;
    p = p * s + 1.281664610e-1f;
    p = p * s - 1.131199541e-1f;
    p = p * s + 3.072108808e-3f;
    p = p * s - 8.941934844e-2f;
    p = p * s + 9.197056668e-2f;
    p = p * s + 4.672076105e-1f;
    p = p * s - 9.498585215e-1f;
    const float tail = e * (p * s + 0.5f);
    return {x < 0.0f ? tail : 1.0f - tail, kInverseSqrt2Pi * e};
  } else {
    return {T(0.5) * std::erfc(T(-0.707106781186547524400844) * x), kInverseSqrt2Pi * e};
  }
}

// Float: absolute error below 3e-7.
template <typename T>
inline T fast_erf(T x) {
  if constexpr (std::is_same_v<T, float>)
    return 2.0f * fast_normal(1.41421356f * x).cdf - 1.0f;
  else
    return std::erf(x);
}

}  // namespace poster::kernels::POSTER_ISA
