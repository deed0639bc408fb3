// Convolutions as cuDNN graphs.
#pragma once

#include <vector>

#include "kernels/conv2d/conv2d.h"
#include "kernels/cuda/libraries/cudnn_plan.h"

namespace poster::kernels {

enum class Conv2dPass { forward, backward_data, backward_weights };

// Everything that the choice of a plan depends on.
struct Conv2dProblem {
  Conv2dPass pass;
  Conv2dShape shape;
  bool half = false;  // maps and weights, the gradient of the weights among them, are Half, not float
  bool bias = false;  // forward alone
  bool tf32 = false;  // floats may be rounded to TF32
  Conv2dAccuracy accuracy = Conv2dAccuracy::high;
  std::int64_t alignment = 16;  // bytes, of all pointers; 16 is enough for every engine

  bool operator<(const Conv2dProblem& other) const;
};

// The unique ids of the tensors: maps of the input's shape (x, dx), weights (w, dw), maps of the output's (y,
// dy).
enum Conv2dTensor : std::int64_t { kInput = 1, kWeights, kOutput, kBias };

struct Conv2dPlans {
  std::vector<CudnnPlan> plans;  // the best first
  bool adds_bias = false;        // or else the caller must

  // Bytes that any of them may use.
  std::int64_t workspace() const;
};

// Up to `count` plans. Throws CudaError when cuDNN has none.
Conv2dPlans make_conv2d_plans(const CudnnTarget& target, const Conv2dProblem& problem, int count = 1);

}  // namespace poster::kernels
