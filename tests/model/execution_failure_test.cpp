// After an error a predictor or trainer computes right, or says that it can't: every allocation of a batch
// fails once, and dry runs end in the middle; then logits and weights are those of an object to which nothing
// has happened, bit by bit.
#include <gtest/gtest.h>

#include "engine/error.h"
#include "model/predictor.h"
#include "model/trainer.h"
#include "tests/support/allocation_failure.h"
#include "tests/support/buffers.h"
#include "tests/support/error_text.h"
#include "tests/support/trained_weights.h"

namespace poster {
namespace {

constexpr const char* kModel = "poster-v2-tiny";
constexpr index_t kSide = 112, kImageSize = kSide * kSide * 3;

using Values = std::vector<float>;

const Values& images() {
  static const Values values = test::random_values<float>(3 * kImageSize, 9, -2, 2);
  return values;
}
HostBatch batch(index_t first, index_t count) {
  static const std::vector<std::int32_t> labels{0, 1, 2};
  return {.images = images().data() + first * kImageSize,
          .labels = labels.data() + first,
          .count = count,
          .height = kSide,
          .width = kSide};
}

Values logits(Predictor& predictor, index_t first, index_t count) {
  const auto span = predictor.logits(images().data() + first * kImageSize, count, kSide, kSide);
  return {span.begin(), span.end()};
}

// Calls f with its first, second, … allocation failing, on what `fresh` makes, and then check, until one call
// of f needs no more.
template <typename Fresh, typename F, typename Check>
int fail_each_allocation(const Fresh& fresh, const F& f, const Check& check) {
  for (int allowed = 0;; ++allowed) {
    auto object = fresh();
    test::allocations_left = allowed;
    bool failed = false;
    try {
      f(*object);
    } catch (const std::exception&) {
      failed = true;
    }
    failed |= test::allocations_left == test::kNever;  // one that was caught below
    test::allocations_left = test::kNever;
    check(*object, failed);
    if (!failed || testing::Test::HasFailure()) return allowed;
  }
}

TEST(ExecutionFailure, APredictorThatCouldNotHaveMemoryGivesTheLogitsOfAnother) {
  Device device = Device::open("cpu", 1);
  Values one, three;
  {
    Predictor reference(device, kModel, 7, test::set_weights);
    three = logits(reference, 0, 3);
    one = logits(reference, 1, 1);
  }
  const auto fresh = [&] {
    auto predictor = std::make_unique<Predictor>(device, kModel, 7, test::set_weights);
    logits(*predictor, 2, 1);
    return predictor;
  };
  const int allocations = fail_each_allocation(
      fresh, [](Predictor& predictor) { logits(predictor, 0, 3); },
      [&](Predictor& predictor, bool) {
        EXPECT_EQ(logits(predictor, 1, 1), one);
        EXPECT_EQ(logits(predictor, 0, 3), three);
      });
  EXPECT_GE(allocations, 3);  // the arena, the plan, the results
}

TEST(ExecutionFailure, ABatchBeyondMemoryIsRefusedAndTheOthersGoOn) {
  Device device = Device::open("cpu", 1);
  Predictor reference(device, kModel, 7, test::set_weights), predictor(device, kModel, 7, test::set_weights);
  const Values expected = logits(reference, 1, 1);
  logits(predictor, 0, 1);
  for (int i = 0; i < 2; ++i) {
    test::expect_contains(
        test::error_of([&] { predictor.logits(images().data(), index_t{1} << 32, kSide, kSide); }),
        "out of memory");
    EXPECT_EQ(logits(predictor, 1, 1), expected);
  }
}

Values weights(Trainer<float>& trainer) {
  const Parameters<float>& p = trainer.parameters();
  Values values(p.compute(), p.compute() + p.model_bytes() / sizeof(float));
  for (const auto* moment : {p.moment1(), p.moment2()})
    values.insert(values.end(), moment, moment + p.trained_count());
  for (const std::int64_t counter : trainer.parameters().counters())
    values.push_back(static_cast<float>(counter));
  return values;
}

std::unique_ptr<Trainer<float>> trainer_of(Device& device) {
  auto trainer = std::make_unique<Trainer<float>>(device, kModel, 3);
  trainer->parameters().initialise(1);
  trainer->prepare_training({}, {}, 1);
  return trainer;
}

TEST(ExecutionFailure, ATrainerThatCouldNotHaveMemoryTakesTheSameStepOrNone) {
  Device device = Device::open("cpu", 1);
  const auto reference = trainer_of(device);
  const Values before = reference->evaluate(batch(2, 1)).logits;
  reference->step(batch(0, 2), 1e-3);
  const Values expected = weights(*reference), after = reference->evaluate(batch(2, 1)).logits;
  int refused = 0, again = 0;
  fail_each_allocation(
      [&] {
        auto trainer = trainer_of(device);
        trainer->evaluate(batch(0, 1));
        return trainer;
      },
      [](Trainer<float>& trainer) { trainer.step(batch(0, 2), 1e-3); },
      [&](Trainer<float>& trainer, bool) {
        while (trainer.in_flight() > 0) trainer.collect();
        const bool stepped = trainer.step_state().updates > 0;
        const std::string error = test::error_of([&] {
          EXPECT_EQ(trainer.evaluate(batch(2, 1)).logits, stepped ? after : before);
          if (!stepped) trainer.step(batch(0, 2), 1e-3);
        });
        if (!error.empty()) {
          test::expect_contains(error, "begin anew from the last checkpoint");
          ++refused;
          return;
        }
        again += !stepped;
        EXPECT_EQ(weights(trainer), expected);
      });
  EXPECT_GT(again, 3);
  EXPECT_LT(refused, again);
}

TEST(ExecutionFailure, ADryRunThatEndsInTheMiddleLeavesATrainerAsItWas) {
  Device device = Device::open("cpu", 1);
  const auto reference = trainer_of(device);
  const Values before = reference->evaluate(batch(2, 1)).logits;
  reference->step(batch(0, 2), 1e-3);
  const Values expected = weights(*reference);
  const auto trainer = trainer_of(device);
  trainer->evaluate(batch(0, 1));
  for (int call : {0, 1, 2}) {
    int calls = 0;
    trainer->hooks().drop_path_factors = [&](std::string_view, int, double) -> std::vector<float> {
      if (calls++ == call) throw Error("in planning");
      return {};
    };
    EXPECT_EQ(test::error_of([&] { trainer->step(batch(0, 2), 1e-3); }), "in planning");
    trainer->hooks().drop_path_factors = {};
    EXPECT_EQ(trainer->evaluate(batch(2, 1)).logits, before);
  }
  trainer->step(batch(0, 2), 1e-3);
  EXPECT_EQ(weights(*trainer), expected);
}

}  // namespace
}  // namespace poster
