// Every op that has a CUDA kernel: its header, and X(function, argument struct). From it the build without
// CUDA makes functions that throw (kernels/cuda_absent).
#pragma once

#include "kernels/attention.h"
#include "kernels/layer_norm.h"
#include "kernels/window_attention.h"

// For float and Half.
#define POSTER_FOR_EACH_CUDA_OP(X)                      \
  X(attention_forward, AttentionForward)                \
  X(attention_backward, AttentionBackward)              \
  X(layer_norm_forward, LayerNormForward)               \
  X(layer_norm_backward, LayerNormBackward)             \
  X(window_attention_forward, WindowAttentionForward)   \
  X(window_attention_backward, WindowAttentionBackward) \
  X(window_partition, WindowPartition)

// For float alone.
#define POSTER_FOR_EACH_CUDA_OP_FLOAT(X)
