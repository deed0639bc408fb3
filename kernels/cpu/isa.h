// What an op's cpu.cpp needs. It is compiled once per instruction set, with POSTER_ISA naming the namespace
// of that build (kernels/isa.h), and has, for each op of the folder:
//
//   namespace poster::kernels::POSTER_ISA {
//   template <typename T>
//   void compute(Here, CpuQueue& queue, const LayerNormForward<T>& a) { … }
//   }  // namespace poster::kernels::POSTER_ISA
//
//   namespace poster::kernels {
//   template struct CpuKernel<POSTER_ISA::Here, LayerNormForward<float>>;
//   template struct CpuKernel<POSTER_ISA::Here, LayerNormForward<double>>;
//   }  // namespace poster::kernels
//
// A kernel calls another op's by CpuKernel<Here, Op>::run, which it declares as `extern template` first.
// Helpers belong in the same namespace: an inline function outside it could be compiled for AVX2 and be
// picked by the linker for everyone.
#pragma once

#include "kernels/cpu_queue.h"
#include "kernels/op.h"

namespace poster::kernels {

template <typename Build, OpWithOperands Op>
void CpuKernel<Build, Op>::run(CpuQueue& queue, const Op& op) {
  compute(Build(), queue, op);
}

}  // namespace poster::kernels

// The older form, for ops without a table: POSTER_CPU_KERNEL instantiates the kernel for float and double
// and, in the baseline compilation alone, defines the public function that calls the best one for the
// machine.
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
