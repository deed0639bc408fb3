// Every op that has a CUDA kernel: its header, and X(function, argument struct). From it the build without
// CUDA makes functions that throw (kernels/cuda_absent).
#pragma once

#include "kernels/augment.h"
#include "kernels/cast.h"
#include "kernels/conv2d.h"
#include "kernels/depthwise_conv2d.h"
#include "kernels/layer_norm.h"
#include "kernels/matmul.h"
#include "kernels/optimizer.h"
#include "kernels/resample.h"
#include "kernels/step_state.h"
#include "kernels/strided_rows.h"
#include "kernels/token_assembly.h"

// For float and Half. matmul, of two types, has its own lines where this is used.
#define POSTER_FOR_EACH_CUDA_OP(X)                      \
  X(adam_step, AdamStep)                                \
  X(augment_pictures, AugmentPictures)                  \
  X(cast, Cast)                                         \
  X(column_sum, ColumnSum)                              \
  X(conv2d_backward_data, Conv2dBackwardData)           \
  X(conv2d_backward_weights, Conv2dBackwardWeights)     \
  X(conv2d_forward, Conv2dForward)                      \
  X(depthwise_conv2d_backward, DepthwiseConv2dBackward) \
  X(depthwise_conv2d_forward, DepthwiseConv2dForward)   \
  X(layer_norm_backward, LayerNormBackward)             \
  X(layer_norm_forward, LayerNormForward)               \
  X(nearest_resize, NearestResize)                      \
  X(sam_climb, SamClimb)                                \
  X(sgd_step, SgdStep)                                  \
  X(squared_norm, SquaredNorm)                          \
  X(strided_rows, StridedRows)                          \
  X(subsample, Subsample)                               \
  X(subsample_backward, SubsampleBackward)              \
  X(token_assembly, TokenAssembly)                      \
  X(token_assembly_backward, TokenAssemblyBackward)

// For float alone.
#define POSTER_FOR_EACH_CUDA_OP_FLOAT(X)

// Whose argument struct is no template.
#define POSTER_FOR_EACH_CUDA_OP_UNTYPED(X) X(step_control, StepControl)
