// Asks the real cuDNN, without a GPU, how it would compute the network's convolutions: it plans for devices
// that are only described.
#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <string>
#include <tuple>

#include "kernels/cuda/libraries/cudnn_conv2d.h"

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

bool has(const CudnnPlan& plan, cudnnBackendNumericalNote_t note) {
  return std::count(plan.notes().begin(), plan.notes().end(), note) > 0;
}

enum class Numbers { half, tf32, exact };

class LayerPlansTest : public testing::TestWithParam<std::tuple<Gpu, Numbers>> {};

TEST_P(LayerPlansTest, EveryLayerHasAPlanThatKeepsToTheRules) {
  const auto& [gpu, numbers] = GetParam();
  const CudnnDescriptor properties = describe(gpu);
  for (const Layer& layer : kLayers)
    for (const auto pass : {Conv2dPass::forward, Conv2dPass::backward_data, Conv2dPass::backward_weights})
      for (const auto accuracy : {Conv2dAccuracy::exact, Conv2dAccuracy::high, Conv2dAccuracy::fast}) {
        if (layer.shape.c_in == 3 && pass == Conv2dPass::backward_data) continue;  // nobody wants it
        const Conv2dPlans found =
            make_conv2d_plans({.properties = &properties}, {.pass = pass,
                                                            .shape = layer.shape,
                                                            .half = numbers == Numbers::half,
                                                            .bias = layer.bias && pass == Conv2dPass::forward,
                                                            .tf32 = numbers == Numbers::tf32,
                                                            .accuracy = accuracy});
        const CudnnPlan& plan = found.plans.at(0);
        SCOPED_TRACE(std::string(layer.name) + ", pass " + std::to_string(static_cast<int>(pass)) +
                     ", engine " + std::to_string(plan.engine()));
        // Of exact floats nobody expects speed.
        EXPECT_FALSE(numbers != Numbers::exact && plan.engine() == 0) << "cuDNN's last resort";
        EXPECT_FALSE(has(plan, CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC));
        EXPECT_FALSE(has(plan, CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION));
        EXPECT_FALSE(numbers == Numbers::exact && has(plan, CUDNN_NUMERICAL_NOTE_TENSOR_CORE));
        EXPECT_FALSE(accuracy != Conv2dAccuracy::fast && has(plan, CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_4x4));
        EXPECT_LE(plan.workspace(), std::int64_t{1} << 30);
        // Adding it afterwards would round twice, and take a pass over the map.
        EXPECT_TRUE(found.adds_bias || !layer.bias || pass != Conv2dPass::forward ||
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
          for (const std::int64_t alignment : {4, 16}) {
            if (bias && pass != Conv2dPass::forward) continue;
            EXPECT_NO_THROW(make_conv2d_plans(
                {.properties = &properties},
                {.pass = pass, .shape = shape, .half = half, .bias = bias, .alignment = alignment}))
                << "height " << shape.height << ", pass " << static_cast<int>(pass);
          }
}

TEST(Conv2dPlansTest, TheFirstOfSeveralPlansIsTheOneThatIsTakenAlone) {
  const CudnnDescriptor properties = describe(kGpus[2]);
  const Conv2dProblem problem{.pass = Conv2dPass::forward, .shape = square(28, 128, 128, 3, 1), .half = true};
  const auto one = make_conv2d_plans({.properties = &properties}, problem, 1);
  const auto several = make_conv2d_plans({.properties = &properties}, problem, 8);
  ASSERT_EQ(one.plans.size(), 1u);
  ASSERT_EQ(several.plans.size(), 8u);
  EXPECT_EQ(one.plans[0].engine(), several.plans[0].engine());
  EXPECT_EQ(one.plans[0].workspace(), several.plans[0].workspace());
}

TEST(Conv2dPlansTest, AShapeThatDoesNotFitIsRefused) {
  const CudnnDescriptor properties = describe(kGpus[2]);
  EXPECT_THROW(
      make_conv2d_plans({.properties = &properties},
                        {.pass = Conv2dPass::forward,
                         .shape = {.batch = 0, .height = 4, .width = 4, .c_in = 8, .c_out = 8, .kernel = 3}}),
      CudaError);
}

}  // namespace
}  // namespace poster::kernels
