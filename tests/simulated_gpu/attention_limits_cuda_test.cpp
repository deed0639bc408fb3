// What the op suite can't say of attention: q, k and v packed in one tensor, small gradients in 16 bits, how
// large heads may be, and how much scratch it takes.
#include <gtest/gtest.h>

#include <cmath>

#include "kernels/attention/attention.h"
#include "kernels/window_attention/window_attention.h"
#include "tests/support/buffers.h"
#include "tests/support/cuda_ops.h"

namespace poster::kernels {
namespace {

using test::DeviceArray;
using test::rounded_to;
using test::to_double;

constexpr index_t kLongTokens = 400, kHeadSize = 32, kStride = 3 * kHeadSize;
constexpr AttentionShape kLongShape{.batch = 1,
                                    .heads = 1,
                                    .head_size = kHeadSize,
                                    .queries = kLongTokens,
                                    .keys = kLongTokens,
                                    .q_stride = kStride,
                                    .kv_stride = kStride,
                                    .scale = 1};

// Forward and backward with tokens of [3, head_size].
template <typename Queue, typename T>
void run_packed(Queue& queue, T* gradients, T* out, acc_t<T>* lse, const T* qkv, const T* dout) {
  const T *const k = qkv + kHeadSize, *const v = k + kHeadSize;
  run(queue, AttentionForward<T>{.out = out, .lse = lse, .q = qkv, .k = k, .v = v, .shape = kLongShape});
  run(queue, AttentionBackward<T>{.dq = gradients,
                                  .dk = gradients + kHeadSize,
                                  .dv = gradients + 2 * kHeadSize,
                                  .dout = dout,
                                  .out = out,
                                  .lse = lse,
                                  .q = qkv,
                                  .k = k,
                                  .v = v,
                                  .shape = kLongShape});
}

class AttentionLimits : public test::CudaTest {};

// Gradients of scores near the smallest 16-bit numbers, while their sums are well above: little may be lost.
TEST_F(AttentionLimits, SmallGradientsSurviveInHalf) {
  const auto qkv = rounded_to<Half>(test::random_values<double>(kLongTokens * kStride, 11, -0.5, 0.5));
  const auto dout = rounded_to<Half>(test::random_values<double>(kLongTokens * kHeadSize, 12, -1e-3, 1e-3));
  CpuQueue cpu(2);
  test::Output<double> expected(kLongTokens * kStride), expected_out(kLongTokens * kHeadSize),
      expected_lse(kLongTokens);
  run_packed(cpu, expected.data(), expected_out.data(), expected_lse.data(), to_double(qkv).data(),
             to_double(dout).data());
  CudaQueue queue;
  const DeviceArray<Half> qkv_there(qkv), dout_there(dout);
  DeviceArray<Half> gradients(kLongTokens * kStride), out(kLongTokens * kHeadSize);
  DeviceArray<float> lse(kLongTokens);
  run_packed(queue, gradients.data(), out.data(), lse.data(), qkv_there.data(), dout_there.data());
  const std::vector<double> actual = gradients.values(queue);
  for (index_t part = 0; part < 3; ++part) {
    double error = 0, scale = 0;
    for (index_t i = 0; i < kLongTokens * kStride; ++i)
      if (i % kStride / kHeadSize == part) {
        error += std::pow(actual[i] - expected.data()[i], 2);
        scale += std::pow(expected.data()[i], 2);
      }
    EXPECT_LE(std::sqrt(error / scale), 4e-3) << "of q, k and v: " << part;
  }
}

template <typename Op>
void expect_heads_too_large(decltype(Op::shape) shape) {
  CudaQueue queue;
  queue.set_planning(true);
  shape.head_size = 128;
  Op op{};
  op.shape = shape;
  EXPECT_NO_THROW(run(queue, op));
  op.shape.head_size = 129;
  EXPECT_THROW(run(queue, op), CudaError);
}

TEST_F(AttentionLimits, HeadsThatAreTooLarge) {
  const AttentionShape tokens{.batch = 1,
                              .heads = 1,
                              .head_size = 0,
                              .queries = 2,
                              .keys = 2,
                              .q_stride = 129,
                              .kv_stride = 129,
                              .scale = 1};
  const WindowAttentionShape window{
      .batch = 1, .windows_per_image = 1, .window = 2, .heads = 1, .head_size = 0, .scale = 1};
  expect_heads_too_large<AttentionForward<float>>(tokens);
  expect_heads_too_large<AttentionBackward<Half>>(tokens);
  expect_heads_too_large<WindowAttentionForward<float>>(window);
  expect_heads_too_large<WindowAttentionBackward<Half>>(window);
}

index_t planned_scratch(index_t windows_per_image) {
  CudaQueue queue;
  queue.set_planning(true);
  WindowAttentionBackward<Half> op{};
  op.shape = {.batch = 144,
              .windows_per_image = windows_per_image,
              .window = 28,
              .heads = 2,
              .head_size = 32,
              .scale = 1};
  run(queue, op);
  return static_cast<index_t>(queue.scratch_peak());
}

TEST_F(AttentionLimits, ScratchOfWindowsStaysSmall) {
  EXPECT_LT(planned_scratch(1), 32 << 20);
  EXPECT_LT(planned_scratch(16), 100 << 20);
}

}  // namespace
}  // namespace poster::kernels
