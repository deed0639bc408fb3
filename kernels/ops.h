// Every op that has a CUDA kernel: its header, and X(function, argument struct). From it the build without CUDA
// makes functions that throw (kernels/cuda_absent).
#pragma once

#include "kernels/layer_norm.h"

// For float and Half.
#define POSTER_FOR_EACH_CUDA_OP(X)        \
  X(layer_norm_forward, LayerNormForward) \
  X(layer_norm_backward, LayerNormBackward)

// For float alone.
#define POSTER_FOR_EACH_CUDA_OP_FLOAT(X)
