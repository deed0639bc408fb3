// Picture loops that gain from AVX2 are written once as an inlined body and compiled twice, for the baseline
// and for AVX2, without fused multiply-add: both give the same bits.
#pragma once

#if defined(__x86_64__)
#define POSTER_IO_AVX2 __attribute__((target("avx2")))
#else
#define POSTER_IO_AVX2
#endif
#define POSTER_IO_INLINE inline __attribute__((always_inline))

namespace poster::io {

inline bool has_avx2() {
#if defined(__x86_64__)
  static const bool supported = __builtin_cpu_supports("avx2");
  return supported;
#else
  return false;
#endif
}

}  // namespace poster::io
