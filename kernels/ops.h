// Every op that has a CUDA kernel: its header, and X(function, argument struct). From it the build without
// CUDA makes functions that throw (kernels/cuda_absent).
#pragma once

#include "kernels/batch_norm.h"
#include "kernels/cross_entropy.h"
#include "kernels/gelu.h"
#include "kernels/layer_norm.h"
#include "kernels/prelu.h"
#include "kernels/residual.h"
#include "kernels/sigmoid_gate.h"
#include "kernels/softmax.h"

// For float and Half.
#define POSTER_FOR_EACH_CUDA_OP(X)                   \
  X(add, Add)                                        \
  X(batch_norm_backward, BatchNormBackward)          \
  X(batch_norm_forward_eval, BatchNormForwardEval)   \
  X(batch_norm_forward_train, BatchNormForwardTrain) \
  X(cross_entropy, CrossEntropy)                     \
  X(gelu_backward, GeluBackward)                     \
  X(gelu_forward, GeluForward)                       \
  X(layer_norm_forward, LayerNormForward)            \
  X(layer_norm_backward, LayerNormBackward)          \
  X(prelu_backward, PReluBackward)                   \
  X(prelu_forward, PReluForward)                     \
  X(residual_backward, ResidualBackward)             \
  X(residual_forward, ResidualForward)               \
  X(sigmoid_gate_backward, SigmoidGateBackward)      \
  X(sigmoid_gate_forward, SigmoidGateForward)        \
  X(softmax_backward, SoftmaxBackward)               \
  X(softmax_forward, SoftmaxForward)

// For float alone.
#define POSTER_FOR_EACH_CUDA_OP_FLOAT(X) X(drop_path_mask, DropPathMask)
