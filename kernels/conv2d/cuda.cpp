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

namespace poster::kernels {

extern template struct CudaKernel<ColumnSum<float>>;
extern template struct CudaKernel<ColumnSum<Half>>;
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

}  // namespace

template <typename T>
void compute(CudaQueue& queue, const Conv2dForward<T>& a) {
  const Conv2dShape& s = a.shape;
  const index_t pixels = output_pixels(s);
  if (is_matrix_product(s))
    return CudaKernel<Matmul<T>>::run(queue, {.c = a.y,
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
  const auto add_bias = [&](bool add) {
    bias_rows(
        queue,
        BiasRows<T, T>{
            .y = a.y, .bias = a.bias, .rows = pixels, .columns = s.c_out, .y_stride = s.c_out, .add = add});
  };
  if (is_empty(s)) return add_bias(false);

  Conv2dProblem problem = problem_of<T>(queue, Conv2dPass::forward, s, a.accuracy, {a.y, a.x, a.w, a.bias});
  problem.bias = a.bias != nullptr;
  const std::array operands{CudnnOperand{kOutput, a.y}, CudnnOperand{kInput, a.x},
                            CudnnOperand{kWeights, a.w}, CudnnOperand{kBias, a.bias}};
  CudnnLibrary& cudnn = CudnnLibrary::of(queue);
  const Conv2dPlans& plans = cudnn.plans(problem);
  void* const workspace = queue.scratch<std::byte>(plans.workspace());
  cudnn.run(problem, std::span(operands).first(plans.adds_bias ? 4 : 3), workspace);
  if (a.bias && !plans.adds_bias) add_bias(true);
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
  void* const workspace = queue.scratch<std::byte>(cudnn.plans(problem).workspace());
  cudnn.run(problem, operands, workspace);
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

  // cuDNN has no engine that writes the gradient of 16-bit weights in float: it sums in float and rounds
  // once. That result lies in front of the workspace.
  constexpr bool kHalf = std::is_same_v<T, Half>;
  constexpr index_t kAlignment = 256;
  const index_t result_bytes = kHalf ? round_up(weight_count(s) * index_t{sizeof(T)}, kAlignment) : 0;
  const Conv2dProblem problem = problem_of<T>(queue, Conv2dPass::backward_weights, s, a.accuracy,
                                              {kHalf ? nullptr : static_cast<const void*>(a.dw), a.dy, a.x});
  CudnnLibrary& cudnn = CudnnLibrary::of(queue);
  std::byte* const scratch = queue.scratch<std::byte>(result_bytes + cudnn.plans(problem).workspace());
  void* const result = kHalf ? static_cast<void*>(scratch) : a.dw;
  const std::array operands{CudnnOperand{kWeights, result}, CudnnOperand{kOutput, a.dy},
                            CudnnOperand{kInput, a.x}};
  cudnn.run(problem, operands, scratch + result_bytes);
  if constexpr (kHalf)
    widen(queue, {.y = a.dw, .x = static_cast<const Half*>(result), .count = weight_count(s)});
  if (a.dbias)
    CudaKernel<ColumnSum<T>>::run(queue, {.out = a.dbias, .x = a.dy, .rows = pixels, .columns = s.c_out});
}

template struct CudaKernel<Conv2dForward<float>>;
template struct CudaKernel<Conv2dForward<Half>>;
template struct CudaKernel<Conv2dBackwardData<float>>;
template struct CudaKernel<Conv2dBackwardData<Half>>;
template struct CudaKernel<Conv2dBackwardWeights<float>>;
template struct CudaKernel<Conv2dBackwardWeights<Half>>;

}  // namespace poster::kernels
