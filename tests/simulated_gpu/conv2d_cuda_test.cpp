// What the op suite (tests/ops/conv2d.cpp) leaves: on a GPU cuDNN's convolutions, elsewhere their stand-in,
// tests/cuda_simulator/conv2d_stand_in.cpp.
#include "kernels/conv2d/conv2d.h"

#include <gtest/gtest.h>

#include <cstdlib>

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

using Products = CudaQueue::FloatProducts;

index_t x_size(const Conv2dShape& s) { return s.batch * s.height * s.width * s.c_in; }
index_t w_size(const Conv2dShape& s) { return s.c_out * s.kernel * s.kernel * s.c_in; }
index_t y_size(const Conv2dShape& s) { return s.batch * s.out_height() * s.out_width() * s.c_out; }

struct Options {
  Conv2dAccuracy accuracy = Conv2dAccuracy::exact;
  Products products = Products::exact;
};

// As double, but what T holds.
struct Problem {
  template <typename T>
  static Problem make(const Conv2dShape& s) {
    const auto values = [](index_t count, std::uint64_t seed) {
      return to_double(rounded_to<T>(random_values<double>(count, seed)));
    };
    return {s, values(x_size(s), 1), values(w_size(s), 2), values(s.c_out, 3), values(y_size(s), 4)};
  }
  Conv2dShape shape;
  std::vector<double> x, w, bias, dy;
};

Results run_cpu(const Problem& p) {
  CpuQueue queue(2);
  const Conv2dShape& s = p.shape;
  constexpr auto kExact = Conv2dAccuracy::exact;
  test::Output<double> y(y_size(s)), dx(x_size(s)), dw(w_size(s)), dbias(s.c_out);
  kernels::run(queue, Conv2dForward<double>{.y = y.data(),
                                            .x = p.x.data(),
                                            .w = p.w.data(),
                                            .bias = p.bias.data(),
                                            .shape = s,
                                            .accuracy = kExact});
  kernels::run(queue,
               Conv2dBackwardData<double>{
                   .dx = dx.data(), .dy = p.dy.data(), .w = p.w.data(), .shape = s, .accuracy = kExact});
  kernels::run(queue, Conv2dBackwardWeights<double>{.dw = dw.data(),
                                                    .dbias = dbias.data(),
                                                    .dy = p.dy.data(),
                                                    .x = p.x.data(),
                                                    .shape = s,
                                                    .accuracy = kExact});
  return {{"y", y.values()}, {"dx", dx.values()}, {"dw", dw.values()}, {"dbias", dbias.values()}};
}

template <typename T>
struct OnDevice {
  OnDevice(const Problem& p, const Options& o)
      : shape(p.shape),
        options(o),
        x(rounded_to<T>(p.x)),
        w(rounded_to<T>(p.w)),
        bias(rounded_to<T>(p.bias)),
        dy(rounded_to<T>(p.dy)),
        y(y_size(p.shape)),
        dx(x_size(p.shape)),
        dw(w_size(p.shape)),
        dbias(p.shape.c_out) {}

  void run(CudaQueue& queue) {
    kernels::run(queue, Conv2dForward<T>{.y = y.data(),
                                         .x = x.data(),
                                         .w = w.data(),
                                         .bias = bias.data(),
                                         .shape = shape,
                                         .accuracy = options.accuracy});
    kernels::run(
        queue,
        Conv2dBackwardData<T>{
            .dx = dx.data(), .dy = dy.data(), .w = w.data(), .shape = shape, .accuracy = options.accuracy});
    kernels::run(queue, Conv2dBackwardWeights<T>{.dw = dw.data(),
                                                 .dbias = dbias.data(),
                                                 .dy = dy.data(),
                                                 .x = x.data(),
                                                 .shape = shape,
                                                 .accuracy = options.accuracy});
  }
  Results results(CudaQueue& queue) const {
    return {{"y", y.values(queue)},
            {"dx", dx.values(queue)},
            {"dw", dw.values(queue)},
            {"dbias", dbias.values(queue)}};
  }

  const Conv2dShape shape;
  const Options options;
  DeviceArray<T> x, w, bias, dy, y, dx;
  DeviceArray<acc_t<T>> dw, dbias;
};

template <typename T>
void expect_agreement(const Conv2dShape& shape, const Options& options, double tolerance) {
  const Problem p = Problem::make<T>(shape);
  CudaQueue queue(0, options.products);
  OnDevice<T> device(p, options);
  device.run(queue);
  const Results actual = device.results(queue), expected = run_cpu(p);
  SCOPED_TRACE(testing::Message() << shape.height << "x" << shape.width << ", " << shape.c_in << " to "
                                  << shape.c_out << ", kernel " << shape.kernel << ", stride "
                                  << shape.stride);
  // Where cuDNN doesn't add the bias it is added afterwards, and the sum rounded again.
  EXPECT_TRUE(close<T>(actual.at("y"), expected.at("y"), tolerance + test::kRounding<T>));
  EXPECT_TRUE(close<T>(actual.at("dx"), expected.at("dx"), tolerance));
  // The gradient of 16-bit weights may have been in 16 bits once.
  EXPECT_TRUE(close<T>(actual.at("dw"), expected.at("dw"), tolerance));
  EXPECT_TRUE(close<float>(actual.at("dbias"), expected.at("dbias"), tolerance, 1));
}

// Sums of products relative to the largest result: float's own error, which tensor cores exceed a little, and
// that of minimal filtering, where it is allowed.
constexpr double kExactTolerance = 1e-5, kHalfTolerance = 5e-5, kFastTolerance = 1e-4, kTf32Tolerance = 2e-3;

class Conv2dCuda : public test::CudaTestWith<Conv2dShape> {};

TEST_P(Conv2dCuda, AgreesInFastFloat) {
  for (const auto accuracy : {Conv2dAccuracy::high, Conv2dAccuracy::fast})
    expect_agreement<float>(GetParam(), {.accuracy = accuracy}, kFastTolerance);
}
TEST_P(Conv2dCuda, AgreesInTf32) {
  expect_agreement<float>(GetParam(), {.products = Products::tf32}, kTf32Tolerance);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, Conv2dCuda,
    testing::Values(
        Conv2dShape{.batch = 1, .height = 1, .width = 1, .c_in = 1, .c_out = 1, .kernel = 1},
        Conv2dShape{.batch = 1, .height = 1, .width = 1, .c_in = 2, .c_out = 3, .kernel = 3, .padding = 1},
        Conv2dShape{.batch = 2,
                    .height = 7,
                    .width = 9,
                    .c_in = 5,
                    .c_out = 3,
                    .kernel = 3,
                    .stride = 2,
                    .padding = 1},
        Conv2dShape{.batch = 3,
                    .height = 5,
                    .width = 6,
                    .c_in = 7,
                    .c_out = 11,
                    .kernel = 5,
                    .stride = 3,
                    .padding = 2},
        Conv2dShape{.batch = 2, .height = 6, .width = 4, .c_in = 8, .c_out = 16, .kernel = 2, .stride = 2},
        // As in the network: stem, body, down, shortcut, plain product.
        Conv2dShape{.batch = 2, .height = 14, .width = 14, .c_in = 3, .c_out = 16, .kernel = 3, .padding = 1},
        Conv2dShape{.batch = 2,
                    .height = 14,
                    .width = 14,
                    .c_in = 3,
                    .c_out = 16,
                    .kernel = 3,
                    .stride = 2,
                    .padding = 1},
        Conv2dShape{
            .batch = 3, .height = 14, .width = 14, .c_in = 16, .c_out = 16, .kernel = 3, .padding = 1},
        Conv2dShape{.batch = 3,
                    .height = 14,
                    .width = 14,
                    .c_in = 16,
                    .c_out = 32,
                    .kernel = 3,
                    .stride = 2,
                    .padding = 1},
        Conv2dShape{.batch = 2, .height = 7, .width = 7, .c_in = 64, .c_out = 32, .kernel = 3, .padding = 1},
        Conv2dShape{.batch = 2, .height = 14, .width = 14, .c_in = 16, .c_out = 32, .kernel = 1, .stride = 2},
        Conv2dShape{.batch = 2, .height = 9, .width = 7, .c_in = 24, .c_out = 40, .kernel = 1}));

class Conv2dCudaEdges : public test::CudaTest {
 protected:
  static constexpr Conv2dShape kShape{
      .batch = 2, .height = 8, .width = 8, .c_in = 16, .c_out = 24, .kernel = 3, .padding = 1};
};

TEST_F(Conv2dCudaEdges, TheSameBitsInEveryRun) {
  const Problem p = Problem::make<Half>(kShape);
  Results first;
  for (int i = 0; i < 4; ++i) {
    CudaQueue queue;
    OnDevice<Half> device(p, {});
    device.run(queue);
    if (i == 0) first = device.results(queue);
    EXPECT_EQ(device.results(queue), first);
  }
}

TEST_F(Conv2dCudaEdges, TunedPlans) {
  ASSERT_EQ(setenv("POSTER_CUDNN_TUNE", "1", 1), 0);
  expect_agreement<float>(kShape, {}, kExactTolerance);
  expect_agreement<Half>(kShape, {}, kHalfTolerance);
  ASSERT_EQ(unsetenv("POSTER_CUDNN_TUNE"), 0);
}

TEST_F(Conv2dCudaEdges, PlannedAndCaptured) {
  const Problem p = Problem::make<Half>(kShape);
  CudaQueue queue;
  OnDevice<Half> device(p, {});
  queue.set_planning(true);
  device.run(queue);
  queue.set_planning(false);
  EXPECT_GT(queue.scratch_peak(), 0u);
  for (const auto& [name, values] : device.results(queue))
    EXPECT_TRUE(std::isnan(values[0])) << name << " was computed while planning";

  device.run(queue);
  const Results once = device.results(queue);
  const std::vector<Half> poison(static_cast<std::size_t>(device.y.size()), Half(std::nanf("")));
  device.y.upload(poison);
  CudaGraph graph;
  graph.begin(queue);
  device.run(queue);
  graph.end(queue);
  EXPECT_TRUE(std::isnan(device.results(queue).at("y")[0])) << "something ran while capturing";
  graph.launch(queue);
  EXPECT_EQ(device.results(queue), once);
}

}  // namespace
}  // namespace poster::kernels
