// What makes an op's kernel for CUDA of its `compute`. An op's cuda.cu or cuda.cpp has, in poster::kernels
// and for each op of the folder,
//
//   template <typename T>
//   void compute(CudaQueue& queue, const LayerNormForward<T>& a) { … }
//
//   template struct CudaKernel<LayerNormForward<float>>;
//   template struct CudaKernel<LayerNormForward<Half>>;
#pragma once

#include "kernels/launch_observer.h"
#include "kernels/op.h"

namespace poster::kernels {

template <OpWithOperands Op>
void CudaKernel<Op>::run(CudaQueue& queue, const Op& op) {
  const ObservedOp observed(queue, op);
  compute(queue, op);
}

}  // namespace poster::kernels
