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
