#include "model/trainer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/buffers.h"
#include "tests/support/compare.h"
#include "tests/support/error_text.h"

namespace poster {
namespace {

struct Data {
  explicit Data(index_t n) : images(test::random_values<float>(n * 112 * 112 * 3, 1, -2, 2)), count(n) {
    for (index_t i = 0; i < n; ++i) labels.push_back(static_cast<std::int32_t>(i % 3));
  }
  HostBatch batch(index_t n) const { return {images.data(), labels.data(), n, 112, 112}; }
  std::vector<float> images;
  std::vector<std::int32_t> labels;
  index_t count;
};

std::vector<std::byte> weights(Trainer<float>& trainer) {
  std::vector<std::byte> all;
  for (const NamedTensor& t : trainer.parameters().state_dict())
    all.insert(all.end(), t.data.begin(), t.data.end());
  return all;
}

std::vector<std::byte> train(int threads, std::uint64_t seed, const std::vector<index_t>& batches) {
  Device device = Device::open("cpu", threads);
  Trainer<float> trainer(device, "poster-v2-tiny", 3);
  trainer.parameters().initialise(seed);
  trainer.prepare_training({}, {}, seed);
  const Data data(4);
  for (index_t n : batches) trainer.step(data.batch(n), 1e-3);
  return weights(trainer);
}

TEST(Trainer, EqualBitsForAnyNumberOfThreads) {
  const auto one = train(1, 1, {4, 3, 4});
  EXPECT_EQ(train(2, 1, {4, 3, 4}), one);
  EXPECT_EQ(train(3, 1, {4, 3, 4}), one);
  EXPECT_NE(train(2, 2, {4, 3, 4}), one);
}

TEST(Trainer, LearnsASmallBatchByHeart) {
  Device device = Device::open("cpu", 2);
  Trainer<float> trainer(device, "poster-v2-tiny", 3);
  trainer.parameters().initialise(1);
  trainer.prepare_training({}, {}, 1);
  const Data data(4);
  const double first = trainer.step(data.batch(4), 1e-3)[0].loss;
  double last = first;
  for (int i = 0; i < 15; ++i) last = trainer.step(data.batch(4), 1e-3)[0].loss;
  EXPECT_LT(last, 0.5 * first);
}

TEST(Trainer, EvaluationIsDeterministicAndFreeOfTheBatch) {
  Device device = Device::open("cpu", 2);
  Trainer<float> trainer(device, "poster-v2-tiny", 3);
  trainer.parameters().initialise(1);
  const Data data(4);
  const auto four = trainer.evaluate(data.batch(4)), again = trainer.evaluate(data.batch(4));
  EXPECT_EQ(four.logits, again.logits);
  const auto one = trainer.evaluate(data.batch(1));
  POSTER_EXPECT_CLOSE(one.logits, std::vector<float>(four.logits.begin(), four.logits.begin() + 3), 1e-5);
}

TEST(Trainer, ALossThatIsNoNumberLeavesTheWeights) {
  Device device = Device::open("cpu", 2);
  Trainer<float> trainer(device, "poster-v2-tiny", 3);
  trainer.parameters().initialise(1);
  trainer.prepare_training({}, {}, 1);
  Data data(2);
  data.images[5] = std::nanf("");
  const auto before = to_doubles(trainer.parameters().export_value(ParameterId(0)));
  const auto passes = trainer.step(data.batch(2), 1e-3);
  EXPECT_TRUE(std::isnan(passes[0].loss));
  EXPECT_EQ(to_doubles(trainer.parameters().export_value(ParameterId(0))), before);
  EXPECT_EQ(trainer.step_state().updates, 0);
  EXPECT_EQ(trainer.step_state().skipped_steps, 1);
}

// SGD without momentum and SAM off: one step is w - lr g.
// Labels can be read only when the step computes.
TEST(Trainer, AfterALabelOutOfRangeItRefuses) {
  Device device = Device::open("cpu", 2);
  Trainer<float> trainer(device, "poster-v2-tiny", 3);
  trainer.parameters().initialise(1);
  trainer.prepare_training({}, {}, 1);
  Data data(2);
  data.labels[1] = 3;
  test::expect_contains(test::error_of([&] { trainer.step(data.batch(2), 1e-3); }),
                        "labels[1] is 3, not in [0, 3)");
  data.labels[1] = 2;
  test::expect_contains(test::error_of([&] { trainer.step(data.batch(2), 1e-3); }), "begin anew");
}

TEST(Trainer, APlainStepMovesAgainstTheGradient) {
  Device device = Device::open("cpu", 2);
  Trainer<float> trainer(device, "poster-v2-tiny", 3);
  trainer.parameters().initialise(1);
  trainer.prepare_training({.kind = OptimizerOptions::Kind::sgd, .rho = 0}, {}, 1);
  const Data data(3);
  const auto& specs = trainer.parameters().table().specs();
  std::size_t row = 0;
  while (specs[row].name != "VIT.head.linear.weight") ++row;
  const ParameterId head(row);
  const auto before = to_doubles(trainer.parameters().export_value(head));
  ASSERT_EQ(trainer.step(data.batch(3), 0.1).size(), 1u);
  const auto gradient =
      to_doubles(trainer.parameters().export_trained(head, trainer.parameters().gradient()));
  const auto after = to_doubles(trainer.parameters().export_value(head));
  double moved = 0;
  for (std::size_t i = 0; i < after.size(); ++i) {
    EXPECT_NEAR(after[i], before[i] - 0.1 * gradient[i], 1e-7);
    moved += std::abs(after[i] - before[i]);
  }
  EXPECT_GT(moved, 0);
}

}  // namespace
}  // namespace poster
