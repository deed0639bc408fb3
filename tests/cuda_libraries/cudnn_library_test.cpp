// Which of the fake's plans is taken. Compiled with cuDNN's headers, which the stand-in for CUDA's would not suit.
#include "kernels/cuda/libraries/cudnn_library.h"

#include <gtest/gtest.h>

#include "kernels/conv_plans.h"
#include "kernels/cuda/libraries/plan_text.h"
#include "kernels/cuda_device.h"
#include "kernels/library_use.h"
#include "tests/support/buffers.h"
#include "tests/support/cuda_ops.h"
#include "tests/support/error_text.h"

namespace poster::kernels {
namespace {

Conv2dProblem shortcut(index_t channels) {
  return {
      .pass = Conv2dPass::forward,
      .shape = {.batch = 2, .height = 6, .width = 6, .c_in = channels, .c_out = 16, .kernel = 1, .stride = 2},
      .half = true};
}

// cuDNN puts one without in front for the network's shortcuts.
TEST(CudnnLibrary, APlanWithTensorCoresIsPreferred) {
  ASSERT_EQ(cuda_unavailable(), "");
  CudaQueue queue;
  CudnnLibrary& cudnn = CudnnLibrary::of(queue);
  const auto tensor_cores = [&](const Conv2dProblem& problem) {
    return cudnn.plans(problem).at(0).plan.has(CUDNN_NUMERICAL_NOTE_TENSOR_CORE);
  };
  EXPECT_TRUE(tensor_cores(shortcut(8)));
  EXPECT_FALSE(tensor_cores(shortcut(3))) << "as cuDNN prefers";
  Conv2dProblem exact = shortcut(8);
  exact.half = false;
  EXPECT_FALSE(tensor_cores(exact));
  const std::vector<std::string> lines = library_use(queue).convolutions;
  ASSERT_EQ(lines.size(), 3u);
  test::expect_contains(lines[0], "conv2d_forward 2x6x6x8 out=16 kernel=1 stride=2 padding=0 half");
  test::expect_contains(lines[0], ": none 62 27=2, tensor cores, workspace of 1000 bytes");
}

// A convolution whose results the test can read: 8 channels to 8, 5x5, kernel 3.
template <typename T>
struct Convolution {
  Convolution()
      : x(test::rounded_to<T>(test::random_values<double>(2 * 5 * 5 * 8, 1))),
        w(test::rounded_to<T>(test::random_values<double>(8 * 9 * 8, 2))),
        residual(test::rounded_to<T>(test::random_values<double>(2 * 5 * 5 * 8, 3))),
        bias(test::rounded_to<T>(test::random_values<double>(8, 4))),
        slope(test::rounded_to<float>(test::random_values<double>(8, 5))),
        y(2 * 5 * 5 * 8),
        dw(8 * 9 * 8) {}
  std::vector<double> eval(CudaQueue& queue) {
    run(queue, Conv2dForwardEval<T>{.y = y.data(),
                                    .x = x.data(),
                                    .w = w.data(),
                                    .bias = bias.data(),
                                    .slope = slope.data(),
                                    .residual = residual.data(),
                                    .shape = kShape});
    return y.values(queue);
  }
  std::vector<double> weights(CudaQueue& queue) {
    run(queue,
        Conv2dBackwardWeights<T>{.dw = dw.data(), .dy = residual.data(), .x = x.data(), .shape = kShape});
    return dw.values(queue);
  }
  static constexpr Conv2dShape kShape{
      .batch = 2, .height = 5, .width = 5, .c_in = 8, .c_out = 8, .kernel = 3, .padding = 1};
  test::DeviceArray<T> x, w, residual, bias;
  test::DeviceArray<float> slope;
  test::DeviceArray<T> y;
  test::DeviceArray<float> dw;
};

ConvPlanTable with_plan(const ConvPlanTable& table, const std::string& plan) {
  ConvPlanTable other = table;
  for (auto& [problem, old] : other) old = plan;
  return other;
}

TEST(CudnnLibrary, WhatWasMeasuredIsTakenByALaterQueue) {
  ASSERT_EQ(cuda_unavailable(), "");
  Convolution<Half> convolution;
  CudaQueue first;
  measure_conv_plans(first);
  const auto expected = convolution.eval(first);
  const ConvPlanTable measured = conv_plans(first);
  ASSERT_EQ(measured.size(), 1u);
  const auto& [problem, plan] = *measured.begin();
  EXPECT_EQ(
      problem,
      "conv2d_forward 2x5x5x8 out=8 kernel=3 stride=1 padding=1 half bias prelu residual fast align=16");
  EXPECT_EQ(text_of(conv2d_choice(plan)), plan);

  CudaQueue same;
  use_conv_plans(same, measured);
  EXPECT_EQ(convolution.eval(same), expected);
  EXPECT_EQ(conv_plans(same), measured);
  test::expect_contains(library_use(same).convolutions.at(0), problem + ": " + plan);

  // One that nobody recommends.
  CudaQueue other;
  use_conv_plans(other, with_plan(measured, "bias 62 27=1"));
  convolution.eval(other);
  test::expect_contains(library_use(other).convolutions.at(0), ": bias 62 27=1, tensor cores");
  EXPECT_EQ(conv_plans_are_for(other), "simulated GPU, cuDNN 9.12.34");
}

TEST(CudnnLibrary, APlanThatIsNoneOrBreaksTheRulesIsAnError) {
  ASSERT_EQ(cuda_unavailable(), "");
  Convolution<Half> convolution;
  CudaQueue first;
  measure_conv_plans(first);
  convolution.eval(first);
  const auto error = [&](const std::string& plan) {
    CudaQueue queue;
    use_conv_plans(queue, with_plan(conv_plans(first), plan));
    return test::error_of([&] { convolution.eval(queue); });
  };
  EXPECT_EQ(error("all 62 27=2"), "");
  for (const char* plan : {"all 63", "all 62 27=3", "all 62 28=1", "none 1 27=1", "float_weights 1"})
    test::expect_contains(error(plan), "cuDNN has no plan");
  test::expect_contains(error("all 20"), "breaks the rules");  // in any order
  for (const char* text :
       {"", "all", "some 62", "all sixty", "all -1", "all 62 27", "all 62 27=x", "all 62 =1"})
    test::expect_contains(error(text), "is no plan");
}

TEST(CudnnLibrary, WhatFollowsIsDoneOnceHoweverMuchIsFused) {
  ASSERT_EQ(cuda_unavailable(), "");
  Convolution<float> convolution;
  CudaQueue first;
  measure_conv_plans(first);
  convolution.eval(first);
  std::vector<double> plain;
  for (const char* plan : {"none 1", "bias 1", "all 1"}) {
    CudaQueue queue;
    use_conv_plans(queue, with_plan(conv_plans(first), plan));
    const auto values = convolution.eval(queue);
    if (plain.empty()) plain = values;
    EXPECT_TRUE(test::close<float>(values, plain, 1e-6)) << plan;
  }
  // Left alone, what is fused is what needs no compiling.
  CudaQueue alone;
  convolution.eval(alone);
  test::expect_contains(library_use(alone).convolutions.at(0), ": bias 1");
}

TEST(CudnnLibrary, TheGradientOf16BitWeightsIsNotRoundedWhereItComesInFloat) {
  ASSERT_EQ(cuda_unavailable(), "");
  Convolution<Half> convolution;
  CudaQueue first;
  measure_conv_plans(first);
  convolution.weights(first);
  const auto of = [&](const char* plan) {
    CudaQueue queue;
    use_conv_plans(queue, with_plan(conv_plans(first), plan));
    return convolution.weights(queue);
  };
  const auto in_float = of("float_weights 62 27=2"), rounded = of("none 62 27=2");
  EXPECT_NE(in_float, rounded);
  EXPECT_EQ(test::to_double(test::rounded_to<Half>(in_float)), rounded);
}

}  // namespace
}  // namespace poster::kernels
