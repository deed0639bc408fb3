// Every op that has a CUDA kernel: its header, and X(function, argument struct). From it the build without
// CUDA makes functions that throw (kernels/cuda_absent).
#pragma once

#include "kernels/conv2d.h"
#include "kernels/layer_norm.h"
#include "kernels/matmul.h"

// For float and Half. matmul, of two types, has its own line where this is used.
#define POSTER_FOR_EACH_CUDA_OP(X)                  \
  X(conv2d_backward_data, Conv2dBackwardData)       \
  X(conv2d_backward_weights, Conv2dBackwardWeights) \
  X(conv2d_forward, Conv2dForward)                  \
  X(layer_norm_forward, LayerNormForward)           \
  X(layer_norm_backward, LayerNormBackward)

// For float alone.
#define POSTER_FOR_EACH_CUDA_OP_FLOAT(X)
