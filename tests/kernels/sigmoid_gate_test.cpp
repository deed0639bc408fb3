#include "kernels/sigmoid_gate.h"

#include <gtest/gtest.h>

#include "tests/support/buffers.h"
#include "tests/support/numeric_gradient.h"

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

INSTANTIATE_TEST_SUITE_P(Sizes, SigmoidGate, testing::Values(1, 7, 71, 768));

}  // namespace
}  // namespace poster::kernels
