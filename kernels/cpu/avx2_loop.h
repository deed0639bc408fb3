// Loops over pixels that gain from AVX2 and are no ops: an inlined body that is written once and compiled twice, for the baseline
// and for AVX2, without fused multiply-add: both give the same bits.
//
//   POSTER_LOOP_BODY void scale_body(...) { ... }
//   POSTER_AVX2 void scale_avx2(...) { scale_body(...); }
//   void scale(...) { use_avx2() ? scale_avx2(...) : scale_body(...); }
#pragma once

#include "kernels/cpu/isa.h"

#if defined(__x86_64__)
#define POSTER_AVX2 __attribute__((target("avx2")))
#else
#define POSTER_AVX2
#endif
#define POSTER_LOOP_BODY inline __attribute__((always_inline))

namespace poster::kernels {

// As for the ops: what the machine has, and POSTER_ISA allows.
inline bool use_avx2() { return cpu_isa() >= Isa::avx2; }

}  // namespace poster::kernels
