// Instruction sets of the CPU kernels, and the choice between them.
//
// An op's `cpu.cpp` is compiled once per instruction set with POSTER_ISA naming a namespace (isa_baseline,
// isa_avx2, isa_avx512). The kernel is a template in `poster::kernels::POSTER_ISA`; POSTER_CPU_KERNEL
// instantiates it for float and double and, in the baseline compilation alone, defines the public function
// that calls the best one for the machine. Helpers of a kernel file belong in the same namespace: an inline
// function outside it could be compiled for AVX2 and be picked by the linker for everyone.
#pragma once

#include "kernels/cpu_queue.h"

namespace poster::kernels {

enum class Isa { baseline, avx2, avx512 };

// The best instruction set that both this machine and this build have. The environment variable POSTER_ISA
// (baseline, avx2, avx512) lowers it, for tests and for comparing; a higher one than the machine has is
// ignored.
Isa cpu_isa();

const char* isa_name(Isa isa);

}  // namespace poster::kernels

#if defined(__x86_64__) && !defined(POSTER_BASELINE_ONLY)
#define POSTER_FOR_EACH_WIDE_ISA(X, fn, Args) X(isa_avx2, fn, Args) X(isa_avx512, fn, Args)
#define POSTER_CALL_BEST_ISA(fn, queue, args) \
  switch (cpu_isa()) {                        \
    case Isa::avx512:                         \
      return isa_avx512::fn(queue, args);     \
    case Isa::avx2:                           \
      return isa_avx2::fn(queue, args);       \
    default:                                  \
      return isa_baseline::fn(queue, args);   \
  }
#else
#define POSTER_FOR_EACH_WIDE_ISA(X, fn, Args)
#define POSTER_CALL_BEST_ISA(fn, queue, args) return isa_baseline::fn(queue, args);
#endif

#define POSTER_DECLARE_IN_ISA(isa, fn, Args)  \
  namespace isa {                             \
  template <typename T>                       \
  void fn(CpuQueue& queue, const Args<T>& a); \
  }

#ifdef POSTER_ISA_DISPATCHER
#define POSTER_CPU_PUBLIC(fn, Args)                         \
  namespace poster::kernels {                               \
  POSTER_FOR_EACH_WIDE_ISA(POSTER_DECLARE_IN_ISA, fn, Args) \
  template <typename T>                                     \
  void fn(CpuQueue& queue, const Args<T>& a) {              \
    POSTER_CALL_BEST_ISA(fn, queue, a)                      \
  }                                                         \
  template void fn<float>(CpuQueue&, const Args<float>&);   \
  template void fn<double>(CpuQueue&, const Args<double>&); \
  }
#else
#define POSTER_CPU_PUBLIC(fn, Args)
#endif

// Put at the end of a kernel file, outside any namespace, once per function.
#define POSTER_CPU_KERNEL(fn, Args)                         \
  namespace poster::kernels::POSTER_ISA {                   \
  template void fn<float>(CpuQueue&, const Args<float>&);   \
  template void fn<double>(CpuQueue&, const Args<double>&); \
  }                                                         \
  POSTER_CPU_PUBLIC(fn, Args)
