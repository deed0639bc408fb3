// The path for use alone on a CUDA device: folded norms, graphs that are replayed, batches that come and go.
#include "model/predictor.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/cuda_device.h"
#include "tests/support/distance.h"
#include "tests/support/trained_weights.h"

namespace poster {
namespace {

constexpr index_t kOutputs = 7, kPredictorSide = 112, kImage = kPredictorSide * kPredictorSide * 3;

using test::distance;
using test::largest;

std::vector<float> copied(std::span<const float> values) { return {values.begin(), values.end()}; }

class PredictorOnCuda : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (const std::string why = kernels::cuda_unavailable(); !why.empty()) GTEST_SKIP() << why;
  }
  std::vector<float> images_ = test::random_values<float>(3 * kImage, 9, -2, 2);
};

TEST_P(PredictorOnCuda, GivesTheLogitsOfTheCpuForBatchesThatComeAndGo) {
  Device cpu = Device::open("cpu", 2), cuda = Device::open("cuda", 2);
  Predictor reference(cpu, GetParam(), kOutputs, test::set_weights),
      predictor(cuda, GetParam(), kOutputs, test::set_weights);
  const auto expected = copied(reference.logits(images_.data(), 3, kPredictorSide, kPredictorSide));
  const double tolerance = 1e-4 * largest(expected);
  ASSERT_GT(largest(expected), 1e-2);
  const auto check = [&](index_t first, index_t count) {
    const auto logits =
        predictor.logits(images_.data() + first * kImage, count, kPredictorSide, kPredictorSide);
    EXPECT_LE(distance(logits, std::span(expected).subspan(first * kOutputs, count * kOutputs)), tolerance)
        << first << " " << count;
  };
  predictor.reserve(2, kPredictorSide, kPredictorSide);
  const std::size_t reserved = predictor.activation_bytes();
  EXPECT_GT(reserved, 0u);
  check(0, 1);  // directly
  check(1, 1);  // put into a graph, with another image
  check(2, 1);  // the graph again
  check(0, 2);
  check(1, 2);
  EXPECT_EQ(predictor.activation_bytes(), reserved);
  check(0, 3);  // more memory: what graphs there are point to none
  EXPECT_GT(predictor.activation_bytes(), reserved);
  check(1, 1);
  check(0, 1);
  // Nothing of a batch stays behind: the same bits again.
  const auto once = copied(predictor.logits(images_.data(), 1, kPredictorSide, kPredictorSide));
  predictor.logits(images_.data() + kImage, 1, kPredictorSide, kPredictorSide);
  EXPECT_EQ(copied(predictor.logits(images_.data(), 1, kPredictorSide, kPredictorSide)), once);
}

TEST_P(PredictorOnCuda, InHalfPrecisionToItsRounding) {
  Device cpu = Device::open("cpu", 2), cuda = Device::open("cuda", 2, Precision::float16);
  Predictor reference(cpu, GetParam(), kOutputs, test::set_weights),
      predictor(cuda, GetParam(), kOutputs, test::set_weights);
  const auto expected = copied(reference.logits(images_.data(), 1, kPredictorSide, kPredictorSide));
  for (int repeat = 0; repeat < 2; ++repeat)
    EXPECT_LE(distance(predictor.logits(images_.data(), 1, kPredictorSide, kPredictorSide), expected),
              3e-2 * largest(expected));
}

INSTANTIATE_TEST_SUITE_P(Tiny, PredictorOnCuda, testing::Values("poster-v2-tiny", "poster-v1-tiny"),
                         [](const auto& model) { return std::string(model.param).substr(7, 2); });

TEST(PredictorOnCudaAttention, IsThatOfTheCpuBeforeAndAfterAGraph) {
  if (const std::string why = kernels::cuda_unavailable(); !why.empty()) GTEST_SKIP() << why;
  const auto images = test::random_values<float>(2 * kImage, 9, -2, 2);
  Device cpu = Device::open("cpu", 2), cuda = Device::open("cuda", 2);
  Predictor reference(cpu, "poster-v2-tiny", kOutputs, test::set_weights),
      predictor(cuda, "poster-v2-tiny", kOutputs, test::set_weights);
  predictor.logits(images.data(), 1, kPredictorSide, kPredictorSide);
  predictor.logits(images.data(), 1, kPredictorSide, kPredictorSide);  // a graph, which keeps nothing
  EXPECT_TRUE(predictor.attention().empty());
  reference.keep_attention(true);
  predictor.keep_attention(true);
  for (index_t i = 0; i < 2; ++i) {
    reference.logits(images.data() + i * kImage, 1, kPredictorSide, kPredictorSide);
    predictor.logits(images.data() + i * kImage, 1, kPredictorSide, kPredictorSide);
    ASSERT_EQ(predictor.attention().size(), 148u);
    EXPECT_LE(distance(predictor.attention(), reference.attention()), 1e-4 * largest(reference.attention()));
  }
}

}  // namespace
}  // namespace poster
