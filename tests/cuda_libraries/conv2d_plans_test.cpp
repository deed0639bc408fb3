// Asks the real cuDNN, without a GPU, how it would compute the network's convolutions: it plans for devices
// that are only described.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <span>
#include <string>
#include <tuple>

#include "kernels/cuda/libraries/plan_text.h"

namespace poster::kernels {
namespace {

struct Gpu {
  std::string name;
  int capability, multiprocessors, shared_memory;
};
const Gpu kGpus[] = {{"A100", 800, 108, 166912}, {"L40S", 890, 142, 101376}, {"H200", 900, 132, 232448}};

// In cuDNN's own notation, as it writes it for a device at hand.
CudnnDescriptor describe(const Gpu& gpu) {
  std::string json =
      R"({"maxGridSize": [2147483647, 65535, 65535], "maxBlockSize": [1024, 1024, 64], "regsPerBlock": 65536,
          "smClockRateKHz": 1980000, "memClockRateKHz": 2619000, "l2CacheSize": 52428800, "warpSize": 32,
          "maxSharedMemoryPerBlock": 49152, "reservedSharedMemoryPerBlock": 1024, "maxRegistersPerSM": 65536,
          "pciDeviceId": 0, "maxCtasPerSM": 32, "maxThreadsPerBlock": 1024, "maxThreadsPerSM": 2048,
          "isTccDriver": 0, "supportCoopLaunch": 1, "driverVer": 13010, "cudaDeviceId": 0,
          "totalGlobalMem": 85000000000, "deviceName": ")" +
      gpu.name + R"(", "deviceVer": )" + std::to_string(gpu.capability) + R"(, "multiProcessorCount": )" +
      std::to_string(gpu.multiprocessors) + R"(, "maxSharedMemoryPerBlockOptin": )" +
      std::to_string(gpu.shared_memory) + "}";
  CudnnDescriptor properties(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  properties.set(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, std::span<const char>(json)).finalize();
  return properties;
}

void PrintTo(const Gpu& gpu, std::ostream* out) { *out << gpu.name; }

struct Layer {
  const char* name;
  Conv2dShape shape;
  bool bias = false;
};

Conv2dShape square(index_t side, index_t c_in, index_t c_out, index_t kernel, index_t stride) {
  return {.batch = 64,
          .height = side,
          .width = side,
          .c_in = c_in,
          .c_out = c_out,
          .kernel = kernel,
          .stride = stride,
          .padding = kernel / 2};
}

// The network's convolutions that are no plain matrix products; sizes beyond it at the end.
const Layer kLayers[] = {
    {"stem", square(112, 3, 64, 3, 1)},
    {"landmark stem", square(112, 3, 64, 3, 2)},
    {"body1 at 112", square(112, 64, 64, 3, 1)},
    {"body1 down", square(112, 64, 64, 3, 2)},
    {"body1", square(56, 64, 64, 3, 1)},
    {"body2 shortcut", square(56, 64, 128, 1, 2)},
    {"body2 widen", square(56, 64, 128, 3, 1)},
    {"body2 down", square(56, 128, 128, 3, 2)},
    {"body2", square(28, 128, 128, 3, 1)},
    {"body3 shortcut", square(28, 128, 256, 1, 2)},
    {"body3 widen", square(28, 128, 256, 3, 1)},
    {"body3 down", square(28, 256, 256, 3, 2)},
    {"body3", square(14, 256, 256, 3, 1)},
    {"last_face_conv", square(7, 512, 256, 3, 1), true},
    {"conv1", square(56, 64, 64, 3, 2), true},
    {"conv2", square(28, 128, 128, 3, 2), true},
    {"conv3", square(14, 256, 256, 3, 2), true},
    {"embed_q.0", square(28, 64, 768, 3, 2), true},
    {"embed_q.1", square(14, 768, 768, 3, 2), true},
    {"embed_k", square(14, 128, 768, 3, 2), true},
};

enum class Numbers { half, tf32, exact };

constexpr Conv2dPass kPasses[] = {Conv2dPass::forward, Conv2dPass::backward_data,
                                  Conv2dPass::backward_weights};

// Nobody wants the gradient of images.
bool is_wanted(const Layer& layer, Conv2dPass pass) {
  return layer.shape.c_in != 3 || pass != Conv2dPass::backward_data;
}

std::string name_of(const Layer& layer, Conv2dPass pass, const CudnnPlan& plan) {
  return std::string(layer.name) + ", batch " + std::to_string(layer.shape.batch) + ", pass " +
         std::to_string(static_cast<int>(pass)) + ", engine " + std::to_string(plan.engine());
}

class LayerPlansTest : public testing::TestWithParam<std::tuple<Gpu, Numbers>> {};

TEST_P(LayerPlansTest, EveryLayerHasAPlanThatKeepsToTheRules) {
  const auto& [gpu, numbers] = GetParam();
  const CudnnDescriptor properties = describe(gpu);
  for (const Layer& layer : kLayers)
    for (const Conv2dPass pass : kPasses)
      for (const auto accuracy : {Conv2dAccuracy::exact, Conv2dAccuracy::high, Conv2dAccuracy::fast}) {
        if (!is_wanted(layer, pass)) continue;
        const auto [plan, fusion] =
            make_conv2d_plan({.properties = &properties}, {.pass = pass,
                                                           .shape = layer.shape,
                                                           .half = numbers == Numbers::half,
                                                           .bias = layer.bias && pass == Conv2dPass::forward,
                                                           .tf32 = numbers == Numbers::tf32,
                                                           .accuracy = accuracy});
        SCOPED_TRACE(name_of(layer, pass, plan));
        // Of exact floats nobody expects speed.
        EXPECT_FALSE(numbers != Numbers::exact && plan.engine() == 0) << "cuDNN's last resort";
        EXPECT_FALSE(plan.has(CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC));
        EXPECT_FALSE(plan.has(CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION));
        EXPECT_FALSE(numbers == Numbers::exact && plan.has(CUDNN_NUMERICAL_NOTE_TENSOR_CORE));
        EXPECT_FALSE(accuracy != Conv2dAccuracy::fast && plan.has(CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_4x4));
        EXPECT_LE(plan.workspace(), std::int64_t{1} << 30);
        // Adding it afterwards would round twice, and take a pass over the map.
        EXPECT_TRUE(fusion == Conv2dFusion::bias || !layer.bias || pass != Conv2dPass::forward ||
                    numbers == Numbers::exact);
      }
}

std::string case_name(const testing::TestParamInfo<std::tuple<Gpu, Numbers>>& test) {
  constexpr const char* kNames[] = {"half", "tf32", "exact"};
  return std::get<0>(test.param).name + "_" + kNames[static_cast<int>(std::get<1>(test.param))];
}

INSTANTIATE_TEST_SUITE_P(Gpus, LayerPlansTest,
                         testing::Combine(testing::ValuesIn(kGpus),
                                          testing::Values(Numbers::half, Numbers::tf32, Numbers::exact)),
                         case_name);

// Several times faster than what cuDNN recommends first for a few of them.
TEST(Conv2dPlansTest, SixteenBitsRunOnTensorCoresInEveryBatch) {
  const CudnnDescriptor properties = describe(kGpus[2]);
  for (const index_t batch : {1, 8, 16, 32, 64, 144, 256})
    for (Layer layer : kLayers)
      for (const Conv2dPass pass : kPasses) {
        if (layer.shape.c_in < 8) continue;
        layer.shape.batch = batch;
        const auto [plan, fusion] = make_conv2d_plan({.properties = &properties},
                                                     {.pass = pass,
                                                      .shape = layer.shape,
                                                      .half = true,
                                                      .bias = layer.bias && pass == Conv2dPass::forward});
        EXPECT_TRUE(plan.has(CUDNN_NUMERICAL_NOTE_TENSOR_CORE)) << name_of(layer, pass, plan);
      }
}

TEST(Conv2dPlansTest, OddSizesAndPointersHavePlansToo) {
  const CudnnDescriptor properties = describe(kGpus[2]);
  const Conv2dShape shapes[] = {
      {.batch = 1, .height = 1, .width = 1, .c_in = 1, .c_out = 1, .kernel = 1},
      {.batch = 1, .height = 1, .width = 1, .c_in = 1, .c_out = 1, .kernel = 3, .padding = 1},
      {.batch = 2, .height = 7, .width = 9, .c_in = 5, .c_out = 3, .kernel = 3, .stride = 2, .padding = 1},
      {.batch = 3, .height = 5, .width = 5, .c_in = 7, .c_out = 11, .kernel = 5, .stride = 3, .padding = 2},
      {.batch = 3, .height = 6, .width = 6, .c_in = 8, .c_out = 16, .kernel = 2, .stride = 2},
      {.batch = 4096, .height = 112, .width = 112, .c_in = 64, .c_out = 64, .kernel = 3, .padding = 1},
  };
  for (const Conv2dShape& shape : shapes)
    for (const auto pass : {Conv2dPass::forward, Conv2dPass::backward_data, Conv2dPass::backward_weights})
      for (const bool half : {false, true})
        for (const bool bias : {false, true})
          for (const std::int64_t alignment : {2, 4, 16}) {
            if ((bias && pass != Conv2dPass::forward) || (alignment == 2 && !half)) continue;
            EXPECT_NO_THROW(make_conv2d_plan(
                {.properties = &properties},
                {.pass = pass, .shape = shape, .half = half, .bias = bias, .alignment = alignment}))
                << "height " << shape.height << ", pass " << static_cast<int>(pass);
          }
}

TEST(Conv2dPlansTest, TheFirstOfSeveralPlansIsTheOneThatIsTakenAlone) {
  const CudnnDescriptor properties = describe(kGpus[2]);
  const Conv2dProblem problem{.pass = Conv2dPass::forward, .shape = square(28, 128, 128, 3, 1), .half = true};
  const auto one = make_conv2d_plan({.properties = &properties}, problem);
  const auto several = make_conv2d_plans({.properties = &properties}, problem, 8);
  ASSERT_EQ(several.size(), 8u);
  EXPECT_EQ(one.plan.choice(), several[0].plan.choice());
  EXPECT_EQ(one.plan.workspace(), several[0].plan.workspace());
}

TEST(Conv2dPlansTest, APlanIsMadeAgainOfItsText) {
  const CudnnDescriptor properties = describe(kGpus[2]);
  const CudnnTarget target{.properties = &properties};
  for (const Conv2dPass pass : kPasses) {
    const Conv2dProblem problem{.pass = pass, .shape = square(28, 128, 128, 3, 1), .half = true};
    const auto graph = make_conv2d_graph(target, problem, Conv2dFusion::none);
    const cudnnBackendHeurMode_t mode = CUDNN_HEUR_MODE_A;
    for (const CudnnPlan& plan :
         find_cudnn_plans(target, graph, std::span(&mode, 1), conv2d_rules(problem), 3)) {
      const std::string text = text_of({.fusion = Conv2dFusion::none, .choice = plan.choice()});
      const auto again = make_cudnn_plan(target, graph, conv2d_rules(problem), conv2d_choice(text).choice);
      ASSERT_TRUE(again) << text;
      EXPECT_EQ(again->choice(), plan.choice());
      EXPECT_EQ(again->workspace(), plan.workspace());
      EXPECT_EQ(again->notes(), plan.notes());
    }
    EXPECT_FALSE(make_cudnn_plan(target, graph, conv2d_rules(problem), {.engine = 12345, .knobs = {}}));
  }
}

// Compiled when they are asked for, a second or so each: with a driver, or what stands in for it here.
TEST(Conv2dPlansTest, WhatFollowsCanBeFused) {
  if (!::dlopen("libcuda.so.1", RTLD_NOW)) GTEST_SKIP() << "no driver";
  const CudnnDescriptor properties = describe(kGpus[2]);
  struct Fused {
    Conv2dProblem problem;
    Conv2dFusion fusion;
  };
  const Fused all[] = {
      {{.pass = Conv2dPass::forward, .shape = square(56, 64, 64, 3, 1), .half = true, .prelu = true},
       Conv2dFusion::all},
      {{.pass = Conv2dPass::forward,
        .shape = square(14, 256, 256, 3, 1),
        .half = true,
        .bias = true,
        .residual = true},
       Conv2dFusion::all},
      {{.pass = Conv2dPass::backward_weights, .shape = square(28, 128, 128, 3, 1), .half = true},
       Conv2dFusion::float_weights},
  };
  for (const auto& [problem, fusion] : all) {
    const auto graph = make_conv2d_graph({.properties = &properties}, problem, fusion);
    ASSERT_TRUE(graph) << text_of(problem);
    const cudnnBackendHeurMode_t mode = CUDNN_HEUR_MODE_A;
    const auto plans =
        find_cudnn_plans({.properties = &properties}, graph, std::span(&mode, 1), conv2d_rules(problem), 1);
    ASSERT_FALSE(plans.empty()) << text_of(problem);
    EXPECT_TRUE(plans[0].has(CUDNN_NUMERICAL_NOTE_TENSOR_CORE)) << text_of(problem);
  }
}

TEST(Conv2dPlansTest, AShapeThatDoesNotFitIsRefused) {
  const CudnnDescriptor properties = describe(kGpus[2]);
  EXPECT_THROW(
      make_conv2d_plan({.properties = &properties},
                       {.pass = Conv2dPass::forward,
                        .shape = {.batch = 0, .height = 4, .width = 4, .c_in = 8, .c_out = 8, .kernel = 3}}),
      CudaError);
}

}  // namespace
}  // namespace poster::kernels
