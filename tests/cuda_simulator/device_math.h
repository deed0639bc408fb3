// CUDA's functions that C++ doesn't have. The fast ones (__expf, ...) are exact here.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

inline float rsqrtf(float x) { return 1 / std::sqrt(x); }
inline double rsqrt(double x) { return 1 / std::sqrt(x); }
inline float __expf(float x) { return std::exp(x); }
inline float __logf(float x) { return std::log(x); }
inline float __fdividef(float x, float y) { return x / y; }
inline float __frcp_rn(float x) { return 1 / x; }
inline float __fmaf_rn(float x, float y, float z) { return std::fma(x, y, z); }
inline float __fadd_rn(float x, float y) { return x + y; }
inline float __fsub_rn(float x, float y) { return x - y; }
inline float __fmul_rn(float x, float y) { return x * y; }
inline float __saturatef(float x) { return x > 0 ? x < 1 ? x : 1 : 0; }

#define CUDA_SIMULATOR_MIN_MAX(type)                        \
  inline type min(type a, type b) { return b < a ? b : a; } \
  inline type max(type a, type b) { return a < b ? b : a; }
CUDA_SIMULATOR_MIN_MAX(int)
CUDA_SIMULATOR_MIN_MAX(unsigned)
CUDA_SIMULATOR_MIN_MAX(long)
CUDA_SIMULATOR_MIN_MAX(unsigned long)
CUDA_SIMULATOR_MIN_MAX(long long)
CUDA_SIMULATOR_MIN_MAX(unsigned long long)
#undef CUDA_SIMULATOR_MIN_MAX
inline float min(float a, float b) { return std::fmin(a, b); }
inline float max(float a, float b) { return std::fmax(a, b); }
inline double min(double a, double b) { return std::fmin(a, b); }
inline double max(double a, double b) { return std::fmax(a, b); }

inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz(static_cast<unsigned>(x)); }
inline unsigned __umulhi(unsigned a, unsigned b) {
  return static_cast<unsigned>(static_cast<std::uint64_t>(a) * b >> 32);
}

inline int __float_as_int(float x) {
  int bits;
  std::memcpy(&bits, &x, sizeof(bits));
  return bits;
}
inline unsigned __float_as_uint(float x) { return static_cast<unsigned>(__float_as_int(x)); }
inline float __uint_as_float(unsigned bits) {
  float x;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}
inline float __int_as_float(int bits) { return __uint_as_float(static_cast<unsigned>(bits)); }

template <typename T>
T __ldg(const T* address) {
  return *address;
}

// Integers alone: the order of a float's atomic additions would change its bits.
inline int atomicAdd(int* address, int value) {
  const int old = *address;
  *address += value;
  return old;
}
// Says that its block has come: what all its threads wrote must be there for who reads the counter.
inline unsigned atomicInc(unsigned* address, unsigned last) {
  cuda_simulator::Block::current().arrive();
  const unsigned old = *address;
  *address = old >= last ? 0 : old + 1;
  return old;
}
inline unsigned atomicAdd(unsigned* address, unsigned value) {
  const unsigned old = *address;
  *address += value;
  return old;
}
