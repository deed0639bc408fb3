// Dense convolutions by cuDNN, and those that are plain matrix products by cuBLASLt.
#include <array>
#include <cstddef>
#include <string>

#include "kernels/column_sum/column_sum.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/conv2d/widen.h"
#include "kernels/cuda/kernel.h"
#include "kernels/cuda/libraries/cudnn_library.h"
#include "kernels/matmul/bias_rows.h"
#include "kernels/matmul/matmul.h"
#include "kernels/prelu/prelu.h"
#include "kernels/residual/residual.h"

namespace poster::kernels {

extern template struct CudaKernel<ColumnSum<float>>;
extern template struct CudaKernel<ColumnSum<Half>>;
extern template struct CudaKernel<PReluForward<float>>;
extern template struct CudaKernel<PReluForward<Half>>;
extern template struct CudaKernel<Add<float>>;
extern template struct CudaKernel<Add<Half>>;
extern template struct CudaKernel<Matmul<float>>;
extern template struct CudaKernel<Matmul<Half>>;
extern template struct CudaKernel<Matmul<Half, float>>;

namespace {

index_t input_count(const Conv2dShape& s) { return s.batch * s.height * s.width * s.c_in; }
index_t weight_count(const Conv2dShape& s) { return s.c_out * s.kernel * s.kernel * s.c_in; }
index_t output_pixels(const Conv2dShape& s) { return s.batch * s.out_height() * s.out_width(); }

// The maps are matrices then, [pixels, channels].
bool is_matrix_product(const Conv2dShape& s) { return s.kernel == 1 && s.stride == 1 && s.padding == 0; }

bool is_empty(const Conv2dShape& s) {
  return input_count(s) == 0 || weight_count(s) == 0 || output_pixels(s) == 0;
}

template <typename T>
void set_to_zero(CudaQueue& queue, T* values, index_t count) {
  bias_rows(queue,
            BiasRows<T, T>{
                .y = values, .bias = nullptr, .rows = 1, .columns = count, .y_stride = count, .add = false});
}

template <typename T>
Conv2dProblem problem_of(CudaQueue& queue, Conv2dPass pass, const Conv2dShape& shape, Conv2dAccuracy accuracy,
                         std::initializer_list<const void*> pointers) {
  return {.pass = pass,
          .shape = shape,
          .half = std::is_same_v<T, Half>,
          .tf32 = std::is_same_v<T, float> && queue.float_products() == CudaQueue::FloatProducts::tf32,
          .accuracy = accuracy,
          .alignment = common_alignment(pointers)};
}

// PReLU and residual, in place.
template <typename T>
void activate(CudaQueue& queue, const Conv2dForwardEval<T>& a) {
  const index_t pixels = output_pixels(a.shape);
  if (a.slope)
    CudaKernel<PReluForward<T>>::run(
        queue, {.y = a.y, .x = a.y, .slope = a.slope, .rows = pixels, .channels = a.shape.c_out});
  if (a.residual)
    CudaKernel<Add<T>>::run(queue, {.out = a.y, .a = a.y, .b = a.residual, .count = pixels * a.shape.c_out});
}

}  // namespace

template <typename T>
void compute(CudaQueue& queue, const Conv2dForwardEval<T>& a) {
  const Conv2dShape& s = a.shape;
  const index_t pixels = output_pixels(s);
  if (is_matrix_product(s)) {
    CudaKernel<Matmul<T>>::run(queue, {.c = a.y,
                                       .a = a.x,
                                       .b = a.w,
                                       .bias = a.bias,
                                       .m = pixels,
                                       .n = s.c_out,
                                       .k = s.c_in,
                                       .lda = s.c_in,
                                       .ldb = s.c_in,
                                       .ldc = s.c_out,
                                       .transpose_b = true});
    return activate(queue, a);
  }
  const auto add_bias = [&](bool add) {
    bias_rows(
        queue,
        BiasRows<T, T>{
            .y = a.y, .bias = a.bias, .rows = pixels, .columns = s.c_out, .y_stride = s.c_out, .add = add});
  };
  if (is_empty(s)) {
    add_bias(false);
    return activate(queue, a);
  }

  Conv2dProblem problem =
      problem_of<T>(queue, Conv2dPass::forward, s, a.accuracy, {a.y, a.x, a.w, a.bias, a.slope, a.residual});
  problem.bias = a.bias != nullptr;
  problem.prelu = a.slope != nullptr;
  problem.residual = a.residual != nullptr;
  const std::array operands{CudnnOperand{kOutput, a.y},    CudnnOperand{kInput, a.x},
                            CudnnOperand{kWeights, a.w},   CudnnOperand{kBias, a.bias},
                            CudnnOperand{kSlope, a.slope}, CudnnOperand{kResidual, a.residual}};
  CudnnLibrary& cudnn = CudnnLibrary::of(queue);
  void* const workspace = queue.scratch<std::byte>(cudnn.workspace(problem));
  cudnn.run(problem, operands, workspace, [&](Conv2dFusion fused) {
    if (a.bias && fused == Conv2dFusion::none) add_bias(true);
    if (fused != Conv2dFusion::all) activate(queue, a);
  });
}

template <typename T>
void compute(CudaQueue& queue, const Conv2dForward<T>& a) {
  compute(queue, Conv2dForwardEval<T>{
                     .y = a.y, .x = a.x, .w = a.w, .bias = a.bias, .shape = a.shape, .accuracy = a.accuracy});
}

template <typename T>
void compute(CudaQueue& queue, const Conv2dBackwardData<T>& a) {
  const Conv2dShape& s = a.shape;
  if (is_matrix_product(s))
    return CudaKernel<Matmul<T>>::run(queue, {.c = a.dx,
                                              .a = a.dy,
                                              .b = a.w,
                                              .m = output_pixels(s),
                                              .n = s.c_in,
                                              .k = s.c_out,
                                              .lda = s.c_out,
                                              .ldb = s.c_in,
                                              .ldc = s.c_in});
  if (is_empty(s)) return set_to_zero(queue, a.dx, input_count(s));

  const Conv2dProblem problem =
      problem_of<T>(queue, Conv2dPass::backward_data, s, a.accuracy, {a.dx, a.dy, a.w});
  const std::array operands{CudnnOperand{kInput, a.dx}, CudnnOperand{kOutput, a.dy},
                            CudnnOperand{kWeights, a.w}};
  CudnnLibrary& cudnn = CudnnLibrary::of(queue);
  void* const workspace = queue.scratch<std::byte>(cudnn.workspace(problem));
  cudnn.run(problem, operands, workspace, [](Conv2dFusion) {});
}

template <typename T>
void compute(CudaQueue& queue, const Conv2dBackwardWeights<T>& a) {
  const Conv2dShape& s = a.shape;
  const index_t pixels = output_pixels(s);
  if (is_matrix_product(s))
    return CudaKernel<Matmul<T, acc_t<T>>>::run(queue, {.c = a.dw,
                                                        .a = a.dy,
                                                        .b = a.x,
                                                        .a_sums = a.dbias,
                                                        .m = s.c_out,
                                                        .n = s.c_in,
                                                        .k = pixels,
                                                        .lda = s.c_out,
                                                        .ldb = s.c_in,
                                                        .ldc = s.c_in,
                                                        .transpose_a = true});
  if (is_empty(s)) {
    set_to_zero(queue, a.dw, weight_count(s));
    if (a.dbias) set_to_zero(queue, a.dbias, s.c_out);
    return;
  }

  // cuDNN sums the gradient of 16-bit weights in float and rounds it once; that result, which is wanted in
  // float, lies in front of the workspace. The engines that write floats are few, compiled when they are first
  // asked for, and nobody knows how fast they are: one is taken where it was measured to be the fastest.
  constexpr bool kHalf = std::is_same_v<T, Half>;
  constexpr index_t kAlignment = 256;
  const index_t result_bytes = kHalf ? round_up(weight_count(s) * index_t{sizeof(T)}, kAlignment) : 0;
  const Conv2dProblem problem =
      problem_of<T>(queue, Conv2dPass::backward_weights, s, a.accuracy, {a.dw, a.dy, a.x});
  CudnnLibrary& cudnn = CudnnLibrary::of(queue);
  std::byte* const scratch = queue.scratch<std::byte>(result_bytes + cudnn.workspace(problem));
  void* const result = kHalf ? static_cast<void*>(scratch) : a.dw;
  const std::array operands{CudnnOperand{kWeights, result}, CudnnOperand{kFloatWeights, a.dw},
                            CudnnOperand{kOutput, a.dy}, CudnnOperand{kInput, a.x}};
  cudnn.run(problem, operands, scratch + result_bytes, [&](Conv2dFusion fused) {
    if constexpr (kHalf)
      if (fused != Conv2dFusion::float_weights)
        widen(queue, {.y = a.dw, .x = static_cast<const Half*>(result), .count = weight_count(s)});
  });
  if (a.dbias)
    CudaKernel<ColumnSum<T>>::run(queue, {.out = a.dbias, .x = a.dy, .rows = pixels, .columns = s.c_out});
}

template struct CudaKernel<Conv2dForward<float>>;
template struct CudaKernel<Conv2dForward<Half>>;
template struct CudaKernel<Conv2dForwardEval<float>>;
template struct CudaKernel<Conv2dForwardEval<Half>>;
template struct CudaKernel<Conv2dBackwardData<float>>;
template struct CudaKernel<Conv2dBackwardData<Half>>;
template struct CudaKernel<Conv2dBackwardWeights<float>>;
template struct CudaKernel<Conv2dBackwardWeights<Half>>;

}  // namespace poster::kernels
