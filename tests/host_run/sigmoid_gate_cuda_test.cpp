#include "kernels/sigmoid_gate/sigmoid_gate.h"

#include <gtest/gtest.h>

#include "tests/support/buffers.h"
#include "tests/support/cuda_ops.h"

namespace poster::kernels {
namespace {

using test::close;
using test::DeviceArray;
using test::random_values;
using test::Results;
using test::rounded_to;
using test::to_double;

struct Problem {
  index_t count;
  std::vector<double> x, z, dy;
};

template <typename T>
Problem random_problem(index_t count) {
  auto map = [&](std::uint64_t seed, double size) {
    return to_double(rounded_to<T>(random_values<double>(count, seed, -size, size)));
  };
  return {count, map(1, 2), map(2, 6), map(3, 1)};
}

Results run_cpu(const Problem& p) {
  CpuQueue queue(2);
  test::Output<double> y(p.count), dx(p.count), dz(p.count);
  sigmoid_gate_forward(
      queue, SigmoidGateForward<double>{.y = y.data(), .x = p.x.data(), .z = p.z.data(), .count = p.count});
  sigmoid_gate_backward(queue, SigmoidGateBackward<double>{.dx = dx.data(),
                                                           .dz = dz.data(),
                                                           .dy = p.dy.data(),
                                                           .x = p.x.data(),
                                                           .z = p.z.data(),
                                                           .count = p.count});
  return {{"y", y.values()}, {"dx", dx.values()}, {"dz", dz.values()}};
}

template <typename T>
Results run(const Problem& p, bool in_place = false, index_t misalign = 0) {
  CudaQueue queue;
  const DeviceArray<T> x(rounded_to<T>(p.x)), z(rounded_to<T>(p.z), misalign);
  DeviceArray<T> dy(rounded_to<T>(p.dy)), y(p.count), dx(p.count), dz(p.count);
  DeviceArray<T>& dx_place = in_place ? dy : dx;
  sigmoid_gate_forward(queue,
                       SigmoidGateForward<T>{.y = y.data(), .x = x.data(), .z = z.data(), .count = p.count});
  sigmoid_gate_backward(queue, SigmoidGateBackward<T>{.dx = dx_place.data(),
                                                      .dz = dz.data(),
                                                      .dy = dy.data(),
                                                      .x = x.data(),
                                                      .z = z.data(),
                                                      .count = p.count});
  return {{"y", y.values(queue)}, {"dx", dx_place.values(queue)}, {"dz", dz.values(queue)}};
}

template <typename T>
void expect_close(const Results& actual, const Results& expected) {
  for (const auto& [name, values] : expected)
    EXPECT_TRUE(close<T>(actual.at(name), values, 1e-6, 0.1)) << name;
}

class SigmoidGateCuda : public test::CudaTestWith<index_t> {
 protected:
  template <typename T>
  void expect_agreement_with_the_cpu() {
    const auto p = random_problem<T>(GetParam());
    const Results expected = run_cpu(p);
    for (const bool in_place : {false, true})
      expect_close<T>(test::for_each_order([&] { return run<T>(p, in_place); }), expected);
    expect_close<T>(run<T>(p, false, 1), expected);
  }
};

TEST_P(SigmoidGateCuda, AgreesInFloat) { expect_agreement_with_the_cpu<float>(); }
TEST_P(SigmoidGateCuda, AgreesInHalf) { expect_agreement_with_the_cpu<Half>(); }

INSTANTIATE_TEST_SUITE_P(Sizes, SigmoidGateCuda, testing::Values(1, 7, 8, 71, 2048, 5 * 512, 10'001));

class SigmoidGateCudaEdges : public test::CudaTest {};

TEST_F(SigmoidGateCudaEdges, FarOutAndNaN) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Problem p{4, {2, 2, 2, nan}, {-200, 200, nan, 0}, {3, 3, 3, 3}};
  const Results results = run<float>(p);
  auto expect = [&](const char* name, const std::vector<double>& expected) {
    for (int i = 0; i < 4; ++i)
      if (std::isnan(expected[i]))
        EXPECT_TRUE(std::isnan(results.at(name)[i])) << name << i;
      else
        EXPECT_EQ(results.at(name)[i], expected[i]) << name << i;
  };
  expect("y", {0, 2, nan, nan});
  expect("dx", {0, 3, nan, 1.5});
  expect("dz", {0, 0, nan, nan});
}

}  // namespace
}  // namespace poster::kernels
