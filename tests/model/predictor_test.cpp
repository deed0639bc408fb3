// The path for use alone computes what evaluation computes, and allocates nothing once it runs.
#include "model/predictor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <new>

#include "engine/error.h"
#include "model/trainer.h"
#include "tests/support/buffers.h"
#include "tests/support/compare.h"
#include "tests/support/distance.h"
#include "tests/support/error_text.h"
#include "tests/support/trained_weights.h"

namespace {
std::atomic<std::int64_t> allocations{0};
void* counted(std::size_t bytes) {
  ++allocations;
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
}  // namespace
// Every allocation of the program, arrays and nothrow ones too: the defaults of those come here.
void* operator new(std::size_t bytes) { return counted(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace poster {
namespace {

using test::set_weights;

constexpr index_t kExpressions = 7;

std::vector<float> random_images(index_t count, index_t side) {
  return test::random_values<float>(count * side * side * 3, 9, -2, 2);
}

using test::distance;
using test::largest;

class EveryModel : public testing::TestWithParam<const char*> {};

TEST_P(EveryModel, GivesTheLogitsOfEvaluation) {
  Device device = Device::open("cpu", 2);
  const auto images = random_images(3, 112);
  Trainer<float> trainer(device, GetParam(), kExpressions);
  set_weights(trainer.parameters());
  const auto expected =
      trainer.evaluate({.images = images.data(), .count = 3, .height = 112, .width = 112}).logits;
  Predictor predictor(device, GetParam(), kExpressions, set_weights);
  const auto logits = predictor.logits(images.data(), 3, 112, 112);
  ASSERT_GT(largest(expected), 1e-2);
  EXPECT_LE(distance(logits, expected), 1e-4 * largest(expected));
  // One by one the same, whatever else is in the batch.
  for (index_t i = 0; i < 3; ++i) {
    const auto one = predictor.logits(images.data() + i * 112 * 112 * 3, 1, 112, 112);
    EXPECT_LE(distance(one, {expected.data() + i * kExpressions, kExpressions}), 1e-4 * largest(expected));
  }
}

TEST_P(EveryModel, HoldsNoMoreThanTheNetwork) {
  Device device = Device::open("cpu", 2);
  Trainer<float> trainer(device, GetParam(), kExpressions);
  const Predictor predictor(device, GetParam(), kExpressions, [](Parameters<float>& parameters) {
    parameters.initialise(1);
    const auto& specs = parameters.table().specs();
    if (std::ranges::any_of(specs, [](const ParameterSpec& spec) { return spec.role == Role::dead; })) {
      EXPECT_THROW(parameters.state_dict(), Error);  // what nothing uses wasn't kept
    }
    EXPECT_EQ(parameters.gradient(), nullptr);
    EXPECT_EQ(parameters.master(), nullptr);
    EXPECT_EQ(parameters.moment1(), nullptr);
  });
  EXPECT_EQ(predictor.model_bytes(), trainer.parameters().model_bytes());
  EXPECT_EQ(predictor.activation_bytes(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Predictor, EveryModel,
                         testing::Values("poster-v2", "poster-v2-tiny", "poster-v1-small", "poster-v1-tiny"),
                         [](const auto& model) {
                           std::string name(model.param);
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(Predictor, AllocatesNothingAfterTheFirstBatchOfASize) {
  Device device = Device::open("cpu", 2);
  Predictor predictor(device, "poster-v2-tiny", kExpressions, set_weights);
  const auto images = random_images(4, 112);
  predictor.reserve(4, 112, 112);
  const std::size_t reserved = predictor.activation_bytes();
  predictor.logits(images.data(), 4, 112, 112);
  predictor.logits(images.data(), 1, 112, 112);
  EXPECT_EQ(predictor.activation_bytes(), reserved);
  const std::int64_t before = allocations;
  for (int i = 0; i < 3; ++i) {
    predictor.logits(images.data(), 4, 112, 112);
    predictor.probabilities(images.data(), 1, 112, 112);
  }
  EXPECT_EQ(allocations - before, 0);
  EXPECT_EQ(predictor.activation_bytes(), reserved);
  // The count is one of something: another size allocates.
  predictor.logits(images.data(), 2, 112, 112);
  EXPECT_GT(allocations - before, 0);
}

TEST(Predictor, EqualBitsForAnyNumberOfThreadsAndEveryTime) {
  const auto images = random_images(2, 112);
  std::vector<float> first;
  for (int threads : {1, 2, 3}) {
    Device device = Device::open("cpu", threads);
    Predictor predictor(device, "poster-v2-tiny", kExpressions, set_weights);
    for (int repeat = 0; repeat < 2; ++repeat) {
      const auto logits = predictor.logits(images.data(), 2, 112, 112);
      if (first.empty()) first.assign(logits.begin(), logits.end());
      EXPECT_TRUE(std::equal(logits.begin(), logits.end(), first.begin(), first.end()));
    }
  }
}

TEST(Predictor, ProbabilitiesAreTheSoftmaxOfTheLogits) {
  Device device = Device::open("cpu", 2);
  Predictor predictor(device, "poster-v2-tiny", kExpressions, set_weights);
  const auto images = random_images(2, 224);
  const auto span = predictor.logits(images.data(), 2, 224, 224);
  const std::vector<float> logits(span.begin(), span.end());
  const auto probabilities = predictor.probabilities(images.data(), 2, 224, 224);
  for (index_t row = 0; row < 2; ++row) {
    double sum = 0;
    for (index_t i = 0; i < kExpressions; ++i)
      sum += std::exp(static_cast<double>(logits[row * kExpressions + i]));
    for (index_t i = 0; i < kExpressions; ++i)
      EXPECT_NEAR(probabilities[row * kExpressions + i],
                  std::exp(static_cast<double>(logits[row * kExpressions + i])) / sum, 1e-6);
  }
}

// The attention kept must be what the network computes with: the attention's output follows from it.
TEST(Predictor, KeepsTheClassTokensAttention) {
  Device device = Device::open("cpu", 2);
  Predictor predictor(device, "poster-v2-tiny", kExpressions, set_weights);
  const auto images = random_images(2, 112);
  const auto span = predictor.logits(images.data(), 2, 112, 112);
  const std::vector<float> logits(span.begin(), span.end());
  EXPECT_TRUE(predictor.attention().empty());
  predictor.keep_attention(true);
  EXPECT_EQ(distance(predictor.logits(images.data(), 2, 112, 112), logits), 0);
  const auto attention = predictor.attention();
  constexpr index_t kTokens = 1 + 3 * 49;
  ASSERT_EQ(std::ssize(attention), 2 * kTokens);
  for (index_t row = 0; row < 2; ++row) {
    double sum = 0;
    for (index_t t = 0; t < kTokens; ++t) {
      EXPECT_GE(attention[row * kTokens + t], 0);
      sum += attention[row * kTokens + t];
    }
    EXPECT_NEAR(sum, 1, 1e-5);
  }
  EXPECT_GT(distance(attention.subspan(0, kTokens), attention.subspan(kTokens)), 0);
  predictor.keep_attention(false);
  predictor.logits(images.data(), 2, 112, 112);
  EXPECT_TRUE(predictor.attention().empty());
}

// Against queries and keys of an ordinary evaluation, by the formula.
TEST(Predictor, TheAttentionIsThatOfTheLastBlock) {
  Device device = Device::open("cpu", 2);
  const auto images = random_images(2, 112);
  Trainer<float> trainer(device, "poster-v2-tiny", kExpressions);
  set_weights(trainer.parameters());
  std::vector<float> expected;
  trainer.hooks().class_attention = [&](const float* q, const float* k, const kernels::AttentionShape& s) {
    for (index_t b = 0; b < s.batch; ++b) {
      std::vector<float> mean(static_cast<std::size_t>(s.keys));
      for (index_t h = 0; h < s.heads; ++h) {
        std::vector<double> weights;
        double sum = 0;
        for (index_t t = 0; t < s.keys; ++t) {
          double dot = 0;
          for (index_t i = h * s.head_size; i < (h + 1) * s.head_size; ++i)
            dot += static_cast<double>(q[b * s.q_stride + i]) * k[(b * s.keys + t) * s.kv_stride + i];
          weights.push_back(std::exp(dot * s.scale));
          sum += weights.back();
        }
        for (index_t t = 0; t < s.keys; ++t)
          mean[t] += static_cast<float>(weights[t] / sum / static_cast<double>(s.heads));
      }
      expected.insert(expected.end(), mean.begin(), mean.end());
    }
  };
  trainer.evaluate({.images = images.data(), .count = 2, .height = 112, .width = 112});
  Predictor predictor(device, "poster-v2-tiny", kExpressions, set_weights);
  predictor.keep_attention(true);
  predictor.logits(images.data(), 2, 112, 112);
  ASSERT_EQ(expected.size(), 2u * 148);
  EXPECT_LE(distance(predictor.attention(), expected), 1e-4 * largest(expected));
}

TEST(Predictor, RefusesTheAttentionOfANetworkWithoutPlaces) {
  Device device = Device::open("cpu", 2);
  Predictor predictor(device, "poster-v1-tiny", kExpressions, set_weights);
  const auto error = test::error_of([&] { predictor.keep_attention(true); });
  EXPECT_NE(error.find("attention: the class token of poster-v1-tiny"), std::string::npos) << error;
  predictor.keep_attention(false);
  predictor.logits(random_images(1, 112).data(), 1, 112, 112);
  EXPECT_TRUE(predictor.attention().empty());
}

TEST(Predictor, RefusesWhatIsNoBatch) {
  Device device = Device::open("cpu", 1);
  Predictor predictor(device, "poster-v2-tiny", kExpressions, set_weights);
  const auto images = random_images(1, 112);
  const auto error = test::error_of([&] { predictor.logits(images.data(), 0, 112, 112); });
  EXPECT_NE(error.find("a batch of 0 images of 112x112"), std::string::npos) << error;
  const auto unknown = test::error_of([&] { Predictor(device, "poster-v9", kExpressions, set_weights); });
  EXPECT_NE(unknown.find("poster-v9"), std::string::npos) << unknown;
}

}  // namespace
}  // namespace poster
