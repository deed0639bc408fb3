// Every op that has a CUDA kernel. From the list the build without CUDA makes kernels that throw
// (kernels/cuda_absent), and tests know what must be tested and measured.
#pragma once

#include "kernels/attention/attention.h"
#include "kernels/augment/augment.h"
#include "kernels/batch_norm/batch_norm.h"
#include "kernels/cast/cast.h"
#include "kernels/column_sum/column_sum.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/cross_entropy/cross_entropy.h"
#include "kernels/depthwise_conv2d/depthwise_conv2d.h"
#include "kernels/gelu/gelu.h"
#include "kernels/layer_norm/layer_norm.h"
#include "kernels/matmul/matmul.h"
#include "kernels/mean_token/mean_token.h"
#include "kernels/optimizer/optimizer.h"
#include "kernels/prelu/prelu.h"
#include "kernels/resample/resample.h"
#include "kernels/residual/residual.h"
#include "kernels/sigmoid_gate/sigmoid_gate.h"
#include "kernels/softmax/softmax.h"
#include "kernels/step_state/step_state.h"
#include "kernels/strided_rows/strided_rows.h"
#include "kernels/token_assembly/token_assembly.h"
#include "kernels/transpose/transpose.h"
#include "kernels/window_attention/window_attention.h"

namespace poster::kernels {

template <typename... T>
struct TypeList {};

template <typename... A, typename... B>
TypeList<A..., B...> operator+(TypeList<A...>, TypeList<B...>);

// For float and Half.
template <template <typename> class... Op>
using ForEachType = TypeList<Op<float>..., Op<Half>...>;

using CudaOps =
    decltype(ForEachType<AttentionBackward, AttentionForward, BatchNormBackward, BatchNormForwardEval,
                         BatchNormForwardTrain, ColumnSum, Conv2dBackwardData, Conv2dBackwardWeights,
                         Conv2dForward, CrossEntropy, DepthwiseConv2dBackward, DepthwiseConv2dForward,
                         GeluBackward, GeluForward, LayerNormBackward, LayerNormForward, NearestResize,
                         PReluBackward, PReluForward, SigmoidGateBackward, SigmoidGateForward,
                         SoftmaxBackward, SoftmaxForward, StridedRows, Subsample, SubsampleBackward,
                         TokenAssembly, TokenAssemblyBackward, Transpose, WindowAttentionBackward,
                         WindowAttentionForward, WindowPartition>() +
             TypeList<Matmul<float>, Matmul<Half>, Matmul<Half, float>>());

}  // namespace poster::kernels

// The ops without a table: X(function, argument struct). For float and Half.
#define POSTER_FOR_EACH_CUDA_OP(X)          \
  X(adam_step, AdamStep)                    \
  X(add, Add)                               \
  X(augment_pictures, AugmentPictures)      \
  X(cast, Cast)                             \
  X(mean_token_backward, MeanTokenBackward) \
  X(mean_token_forward, MeanTokenForward)   \
  X(residual_backward, ResidualBackward)    \
  X(residual_forward, ResidualForward)      \
  X(sam_climb, SamClimb)                    \
  X(sgd_step, SgdStep)

// For float alone.
#define POSTER_FOR_EACH_CUDA_OP_FLOAT(X) \
  X(drop_path_mask, DropPathMask)        \
  X(squared_norm, SquaredNorm)

// Whose argument struct is no template.
#define POSTER_FOR_EACH_CUDA_OP_UNTYPED(X) X(step_control, StepControl)
