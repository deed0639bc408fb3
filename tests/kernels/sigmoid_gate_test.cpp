#include "kernels/sigmoid_gate/sigmoid_gate.h"

#include <gtest/gtest.h>

#include "tests/support/buffers.h"
#include "tests/support/numeric_gradient.h"
#include "tests/support/threads.h"

namespace poster::kernels {
namespace {

using test::Output;
using test::random_values;

class SigmoidGate : public testing::TestWithParam<index_t> {};

TEST_P(SigmoidGate, GradientsMatchCentralDifferences) {
  const index_t count = GetParam();
  CpuQueue queue(2);
  auto x = random_values<double>(count, 1), z = random_values<double>(count, 2, -3, 3);
  const auto dy = random_values<double>(count, 3);
  auto loss = [&] {
    Output<double> y(count);
    sigmoid_gate_forward(
        queue, SigmoidGateForward<double>{.y = y.data(), .x = x.data(), .z = z.data(), .count = count});
    return test::dot(dy, y.values());
  };
  Output<double> dx(count), dz(count);
  sigmoid_gate_backward(
      queue,
      SigmoidGateBackward<double>{
          .dx = dx.data(), .dz = dz.data(), .dy = dy.data(), .x = x.data(), .z = z.data(), .count = count});
  POSTER_EXPECT_CLOSE(dx.values(), test::numeric_gradient(x, loss), 1e-7);
  POSTER_EXPECT_CLOSE(dz.values(), test::numeric_gradient(z, loss), 1e-7);
}

TEST_P(SigmoidGate, FloatAgreesWithDouble) {
  const index_t count = GetParam();
  CpuQueue queue(2);
  const auto x = random_values<float>(count, 1), z = random_values<float>(count, 2, -3, 3);
  const std::vector<double> xd(x.begin(), x.end()), zd(z.begin(), z.end());
  Output<float> y(count);
  Output<double> expected(count);
  sigmoid_gate_forward(
      queue, SigmoidGateForward<float>{.y = y.data(), .x = x.data(), .z = z.data(), .count = count});
  sigmoid_gate_forward(queue, SigmoidGateForward<double>{
                                  .y = expected.data(), .x = xd.data(), .z = zd.data(), .count = count});
  POSTER_EXPECT_CLOSE(y.values(), expected.values(), 1e-6);
}

TEST_P(SigmoidGate, FloatGradientsAgreeWithDouble) {
  const index_t count = GetParam();
  CpuQueue queue(2);
  const auto x = random_values<float>(count, 1), z = random_values<float>(count, 2, -3, 3),
             dy = random_values<float>(count, 3);
  const auto xd = test::to_double(x), zd = test::to_double(z), dyd = test::to_double(dy);
  Output<float> dx(count), dz(count);
  Output<double> dx_expected(count), dz_expected(count);
  sigmoid_gate_backward(
      queue,
      SigmoidGateBackward<float>{
          .dx = dx.data(), .dz = dz.data(), .dy = dy.data(), .x = x.data(), .z = z.data(), .count = count});
  sigmoid_gate_backward(queue, SigmoidGateBackward<double>{.dx = dx_expected.data(),
                                                           .dz = dz_expected.data(),
                                                           .dy = dyd.data(),
                                                           .x = xd.data(),
                                                           .z = zd.data(),
                                                           .count = count});
  POSTER_EXPECT_CLOSE(dx.values(), dx_expected.values(), 1e-6);
  POSTER_EXPECT_CLOSE(dz.values(), dz_expected.values(), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Sizes, SigmoidGate, testing::Values(1, 7, 71, 768));

TEST(SigmoidGateEdges, FollowsTheFormulaFarOutToo) {
  CpuQueue queue(2);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> x = {2, 2, 2, 2, nan}, z = {0, 200, -200, nan, 0};
  Output<float> y(5);
  sigmoid_gate_forward(queue,
                       SigmoidGateForward<float>{.y = y.data(), .x = x.data(), .z = z.data(), .count = 5});
  const auto values = y.values();
  EXPECT_EQ(values[0], 1);
  EXPECT_EQ(values[1], 2);
  EXPECT_EQ(values[2], 0);
  EXPECT_TRUE(std::isnan(values[3]));
  EXPECT_TRUE(std::isnan(values[4]));
}

TEST(SigmoidGateEdges, SameForAnyNumberOfThreadsAndInPlace) {
  const index_t count = 50'001;
  const auto x = random_values<float>(count, 1), z = random_values<float>(count, 2, -3, 3),
             dy = random_values<float>(count, 3);
  test::expect_same_for_any_threads([&](CpuQueue& queue) {
    Output<float> y(count), dx(count), dz(count);
    sigmoid_gate_forward(
        queue, SigmoidGateForward<float>{.y = y.data(), .x = x.data(), .z = z.data(), .count = count});
    sigmoid_gate_backward(
        queue,
        SigmoidGateBackward<float>{
            .dx = dx.data(), .dz = dz.data(), .dy = dy.data(), .x = x.data(), .z = z.data(), .count = count});
    auto in_place = dy;
    sigmoid_gate_backward(queue, SigmoidGateBackward<float>{.dx = in_place.data(),
                                                            .dz = dz.data(),
                                                            .dy = in_place.data(),
                                                            .x = x.data(),
                                                            .z = z.data(),
                                                            .count = count});
    EXPECT_EQ(in_place, dx.values());
    return test::concatenate<float>({y.values(), dx.values(), dz.values()});
  });
}

}  // namespace
}  // namespace poster::kernels
