#include "kernels/depthwise_conv2d/depthwise_conv2d.h"

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

index_t input_size(const DepthwiseConv2dShape& s) { return s.batch * s.height * s.width * s.channels; }
index_t output_size(const DepthwiseConv2dShape& s) {
  return s.batch * s.out_height() * s.out_width() * s.channels;
}
index_t weight_size(const DepthwiseConv2dShape& s) { return s.kernel * s.kernel * s.channels; }

struct Problem {
  DepthwiseConv2dShape shape;
  std::vector<double> x, w, dy;
};

// Maps rounded to T, weights to float.
template <typename T>
Problem random_problem(const DepthwiseConv2dShape& s) {
  return {s, to_double(rounded_to<T>(random_values<double>(input_size(s), 1))),
          to_double(rounded_to<float>(random_values<double>(weight_size(s), 2))),
          to_double(rounded_to<T>(random_values<double>(output_size(s), 3)))};
}

Results run_cpu(const Problem& p) {
  CpuQueue queue(2);
  test::Output<double> y(output_size(p.shape)), dx(input_size(p.shape)), dw(weight_size(p.shape));
  depthwise_conv2d_forward(queue, DepthwiseConv2dForward<double>{
                                      .y = y.data(), .x = p.x.data(), .w = p.w.data(), .shape = p.shape});
  depthwise_conv2d_backward(queue, DepthwiseConv2dBackward<double>{.dx = dx.data(),
                                                                   .dw = dw.data(),
                                                                   .dy = p.dy.data(),
                                                                   .x = p.x.data(),
                                                                   .w = p.w.data(),
                                                                   .shape = p.shape});
  return {{"y", y.values()}, {"dx", dx.values()}, {"dw", dw.values()}};
}

struct Wanted {
  bool dx = true, dw = true;
};

template <typename T>
Results run(const Problem& p, index_t misalign = 0, Wanted wanted = {}) {
  CudaQueue queue;
  const DeviceArray<T> x(rounded_to<T>(p.x), misalign), dy(rounded_to<T>(p.dy));
  const DeviceArray<float> w(rounded_to<float>(p.w));
  DeviceArray<T> y(output_size(p.shape)), dx(input_size(p.shape), misalign);
  DeviceArray<float> dw(weight_size(p.shape));
  depthwise_conv2d_forward(
      queue, DepthwiseConv2dForward<T>{.y = y.data(), .x = x.data(), .w = w.data(), .shape = p.shape});
  depthwise_conv2d_backward(queue, DepthwiseConv2dBackward<T>{.dx = wanted.dx ? dx.data() : nullptr,
                                                              .dw = wanted.dw ? dw.data() : nullptr,
                                                              .dy = dy.data(),
                                                              .x = x.data(),
                                                              .w = w.data(),
                                                              .shape = p.shape});
  Results results = {{"y", y.values(queue)}};
  if (wanted.dx) results["dx"] = dx.values(queue);
  if (wanted.dw) results["dw"] = dw.values(queue);
  return results;
}

class DepthwiseConv2dCuda : public test::CudaTestWith<DepthwiseConv2dShape> {
 protected:
  template <typename T>
  void expect_agreement_with_the_cpu() {
    const Problem p = random_problem<T>(GetParam());
    const Results expected = run_cpu(p), actual = test::for_each_order([&] { return run<T>(p); });
    EXPECT_TRUE(close<T>(actual.at("y"), expected.at("y"), 1e-6, 1));
    EXPECT_TRUE(close<T>(actual.at("dx"), expected.at("dx"), 1e-6, 1));
    EXPECT_TRUE(close<float>(actual.at("dw"), expected.at("dw"), 1e-6, 1));
    EXPECT_EQ(run<T>(p, 1), actual) << "the alignment changes bits";
  }
};

TEST_P(DepthwiseConv2dCuda, AgreesInFloat) { expect_agreement_with_the_cpu<float>(); }
TEST_P(DepthwiseConv2dCuda, AgreesInHalf) { expect_agreement_with_the_cpu<Half>(); }

using Shape = DepthwiseConv2dShape;
INSTANTIATE_TEST_SUITE_P(
    Shapes, DepthwiseConv2dCuda,
    testing::Values(
        // The network's, scaled down.
        Shape{.batch = 2, .height = 14, .width = 14, .channels = 32, .kernel = 3, .padding = 1},
        Shape{.batch = 2, .height = 14, .width = 14, .channels = 24, .kernel = 3, .stride = 2, .padding = 1},
        Shape{.batch = 2, .height = 7, .width = 7, .channels = 264, .kernel = 3, .padding = 1},
        // Odd sizes, channels that vectors don't fit.
        Shape{.batch = 3, .height = 5, .width = 9, .channels = 5, .kernel = 3, .padding = 1},
        Shape{.batch = 3, .height = 6, .width = 5, .channels = 3, .kernel = 3, .stride = 2, .padding = 1},
        Shape{.batch = 1, .height = 1, .width = 1, .channels = 1, .kernel = 1},
        Shape{.batch = 1, .height = 1, .width = 1, .channels = 8, .kernel = 3, .padding = 1},
        Shape{.batch = 2, .height = 4, .width = 3, .channels = 8, .kernel = 3, .stride = 2, .padding = 2},
        // Other kernels and strides.
        Shape{.batch = 3, .height = 7, .width = 7, .channels = 16, .kernel = 7},
        Shape{.batch = 2, .height = 9, .width = 8, .channels = 8, .kernel = 7, .stride = 2, .padding = 3},
        Shape{.batch = 2, .height = 8, .width = 11, .channels = 12, .kernel = 5, .stride = 2, .padding = 1},
        Shape{.batch = 2, .height = 6, .width = 7, .channels = 4, .kernel = 2, .stride = 2},
        Shape{.batch = 2, .height = 10, .width = 11, .channels = 8, .kernel = 4, .stride = 3, .padding = 2},
        Shape{.batch = 1, .height = 9, .width = 9, .channels = 8, .kernel = 6, .padding = 5},
        // Many pixels: several chunks of them for dw.
        Shape{.batch = 9, .height = 20, .width = 21, .channels = 8, .kernel = 3, .padding = 1}),
    [](const auto& one) { return "shape" + std::to_string(one.index); });

class DepthwiseConv2dCudaEdges : public test::CudaTest {};

TEST_F(DepthwiseConv2dCudaEdges, EitherGradientMayBeLeftOut) {
  const Problem p =
      random_problem<Half>({.batch = 2, .height = 6, .width = 7, .channels = 8, .kernel = 3, .padding = 1});
  const Results both = run<Half>(p);
  EXPECT_EQ(run<Half>(p, 0, {.dw = false}).at("dx"), both.at("dx"));
  EXPECT_EQ(run<Half>(p, 0, {.dx = false}).at("dw"), both.at("dw"));
}

TEST_F(DepthwiseConv2dCudaEdges, NaNReachesTheWindowAroundItAlone) {
  Problem p =
      random_problem<float>({.batch = 1, .height = 9, .width = 9, .channels = 4, .kernel = 3, .padding = 1});
  p.x[(4 * 9 + 5) * 4 + 2] = std::numeric_limits<double>::quiet_NaN();
  const auto y = run<float>(p).at("y");
  for (index_t i = 0; i < 9; ++i)
    for (index_t j = 0; j < 9; ++j)
      for (index_t c = 0; c < 4; ++c)
        EXPECT_EQ(std::isnan(y[(i * 9 + j) * 4 + c]), c == 2 && std::abs(i - 4) <= 1 && std::abs(j - 5) <= 1);
}

TEST_F(DepthwiseConv2dCudaEdges, PlanningTellsTheScratch) {
  const Shape shape{.batch = 9, .height = 20, .width = 20, .channels = 8, .kernel = 3, .padding = 1};
  CudaQueue planned, queue;
  planned.set_planning(true);
  depthwise_conv2d_backward(
      planned, DepthwiseConv2dBackward<Half>{.dy = nullptr, .x = nullptr, .w = nullptr, .shape = shape});
  const DeviceArray<Half> x(input_size(shape)), dy(output_size(shape));
  const DeviceArray<float> w(weight_size(shape));
  DeviceArray<float> dw(weight_size(shape));
  depthwise_conv2d_backward(
      queue, DepthwiseConv2dBackward<Half>{
                 .dw = dw.data(), .dy = dy.data(), .x = x.data(), .w = w.data(), .shape = shape});
  EXPECT_GT(queue.scratch_peak(), 0u);
  EXPECT_EQ(planned.scratch_peak(), queue.scratch_peak());
}

}  // namespace
}  // namespace poster::kernels
