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
    decltype(ForEachType<AdamStep, Add, AttentionBackward, AttentionForward, AugmentImages, BatchNormBackward,
                         BatchNormForwardEval, BatchNormForwardMoments, BatchNormForwardTrain, Cast,
                         ColumnSum, Conv2dBackwardData, Conv2dBackwardWeights, Conv2dForward,
                         Conv2dForwardEval, CrossEntropy, DepthwiseConv2dBackward, DepthwiseConv2dForward,
                         DepthwiseConv2dPRelu, GeluBackward, GeluForward, LayerNormBackward, LayerNormForward,
                         LayerNormForwardOfSum, MeanTokenBackward, MeanTokenForward, NearestResize,
                         PReluBackward, PReluForward, ResidualBackward, ResidualForward, SamAscent, SgdStep,
                         SigmoidGateBackward, SigmoidGateForward, SoftmaxBackward, SoftmaxForward,
                         SquaredNorm, StridedRows, Subsample, SubsampleBackward, TokenAssembly,
                         TokenAssemblyBackward, Transpose, WindowAttentionBackward, WindowAttentionForward,
                         WindowPartition>() +
             TypeList<DropPathMask<float>, Matmul<float>, Matmul<Half>, Matmul<Half, float>, StepControl>());

}  // namespace poster::kernels
