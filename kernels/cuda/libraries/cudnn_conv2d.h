// Convolutions as cuDNN graphs.
#pragma once

#include <memory>
#include <string_view>
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
  bool bias = false, prelu = false, residual = false;  // forward alone
  bool tf32 = false;                                   // floats may be rounded to TF32
  Conv2dAccuracy accuracy = Conv2dAccuracy::high;
  std::int64_t alignment = 16;  // bytes, of all pointers; 16 is enough for every engine

  bool operator<(const Conv2dProblem& other) const;
};

// The unique ids of the tensors: maps of the input's shape (x, dx), weights (w, dw), maps of the output's (y,
// dy), the bias, the slopes of a PReLU, what is added behind it, and dw in float where the rest is Half.
enum Conv2dTensor : std::int64_t { kInput = 1, kWeights, kOutput, kBias, kSlope, kResidual, kFloatWeights };

// How much of what follows on the sums cuDNN does in the same kernel; the caller does what is left.
enum class Conv2dFusion {
  none,
  bias,
  all,           // bias, PReLU and residual, as many of them as the problem has
  float_weights  // the gradient of Half weights comes in float, not rounded to Half first
};
inline constexpr std::string_view kConv2dFusionNames[] = {"none", "bias", "all", "float_weights"};

struct Conv2dPlan {
  CudnnPlan plan;
  Conv2dFusion fusion;
};

// Null when cuDNN has no such graph, or the problem no such fusion.
std::shared_ptr<const CudnnGraph> make_conv2d_graph(const CudnnTarget& target, const Conv2dProblem& problem,
                                                    Conv2dFusion fusion);
CudnnRules conv2d_rules(const Conv2dProblem& problem);

// The plan to take without measuring. Throws CudaError when cuDNN has none.
Conv2dPlan make_conv2d_plan(const CudnnTarget& target, const Conv2dProblem& problem);
// Those worth measuring, up to `count` of each fusion; the one to take without is the first.
std::vector<Conv2dPlan> make_conv2d_plans(const CudnnTarget& target, const Conv2dProblem& problem, int count);

}  // namespace poster::kernels
