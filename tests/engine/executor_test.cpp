// Plans, slots, and what is left after an error, with tasks of a few numbers on the CPU.
#include "engine/executor.h"

#include <gtest/gtest.h>

#include <numeric>

#include "engine/context.h"
#include "engine/error.h"
#include "engine/tensor.h"
#include "kernels/column_sum/column_sum.h"
#include "tests/support/error_text.h"

namespace poster {
namespace {

// Doubles `count` numbers through a tensor, and counts its runs.
class Doubler {
 public:
  explicit Doubler(int slots = 1) : executor_(device_, slots) {}

  Task task(const std::vector<float>& x, bool changes_state = false) {
    input_ = {.data = x.data(), .bytes = x.size() * sizeof(float)};
    const auto count = static_cast<index_t>(x.size());
    return {.key = {.count = count},
            .inputs = {&input_, 1},
            .result_bytes = x.size() * sizeof(float),
            .record = [this, count] { record(count); },
            .changes_state = changes_state};
  }
  std::vector<float> collect() {
    const auto finished = executor_.wait();
    const auto* const y = reinterpret_cast<const float*>(finished.results);
    std::vector<float> result(y, y + finished.key.count);
    executor_.release();
    return result;
  }
  std::vector<float> run(const std::vector<float>& x) {
    executor_.submit(task(x));
    return collect();
  }

  Executor& executor() { return executor_; }
  const void* seen() const { return seen_; }
  int planned() const { return planned_; }
  std::function<void(bool planning)> on_record = [](bool) {};

 private:
  void record(index_t count) {
    const bool planning = executor_.arena().planning();
    planned_ += planning;
    kept_ = Tensor<float>(executor_.arena(), {count});
    on_record(planning);
    if (!planning) {
      seen_ = executor_.input(0);
      const auto* const x = reinterpret_cast<const float*>(seen_);
      auto* const y = reinterpret_cast<float*>(executor_.results());
      for (index_t i = 0; i < count; ++i) kept_.data()[i] = 2 * x[i];
      std::copy_n(kept_.data(), count, y);
    }
    kept_ = {};
  }

  Device device_ = Device::open("cpu", 1);
  Executor executor_;
  Tensor<float> kept_;  // as a layer keeps what its backward reads
  BatchInput input_;
  const std::byte* seen_ = nullptr;
  int planned_ = 0;
};

const std::vector<float> kThree{1, 2, 3}, kTwiceThree{2, 4, 6}, kTwo{5, 7}, kTwiceTwo{10, 14};

TEST(Executor, PlansEachKindOnce) {
  Doubler doubler;
  EXPECT_EQ(doubler.run(kThree), kTwiceThree);
  EXPECT_EQ(doubler.run(kTwo), kTwiceTwo);
  EXPECT_EQ(doubler.run(kThree), kTwiceThree);
  EXPECT_EQ(doubler.planned(), 2);
  doubler.executor().forget_plans();
  EXPECT_EQ(doubler.run(kThree), kTwiceThree);
  EXPECT_EQ(doubler.planned(), 3);
}

// What the task reads is the caller's memory: nothing is copied, and no memory is held for it.
TEST(Executor, OnTheCpuABatchIsReadWhereItIs) {
  Doubler doubler;
  EXPECT_EQ(doubler.run(kThree), kTwiceThree);
  EXPECT_EQ(doubler.seen(), kThree.data());
  EXPECT_EQ(doubler.executor().held_bytes(), doubler.executor().arena().bytes());
}

TEST(Executor, HoldsAsManyBatchesInFlightAsItHasSlots) {
  Doubler doubler(2);
  doubler.executor().submit(doubler.task(kThree));
  doubler.executor().submit(doubler.task(kTwo));
  EXPECT_THROW(doubler.executor().submit(doubler.task(kThree)), Error);
  EXPECT_THROW(doubler.executor().forget_plans(), Error);
  EXPECT_EQ(doubler.collect(), kTwiceThree);
  EXPECT_EQ(doubler.collect(), kTwiceTwo);
  EXPECT_THROW(doubler.collect(), Error);
}

TEST(Executor, AnErrorInPlanningLeavesNothingBehind) {
  Doubler doubler;
  EXPECT_EQ(doubler.run(kThree), kTwiceThree);
  doubler.on_record = [](bool planning) {
    if (planning) throw Error("in planning");
  };
  EXPECT_EQ(test::error_of([&] { doubler.executor().submit(doubler.task(kTwo, true)); }), "in planning");
  EXPECT_FALSE(doubler.executor().arena().planning());
  EXPECT_EQ(doubler.run({4, 5, 6}), (std::vector<float>{8, 10, 12}));
  doubler.on_record = [](bool) {};
  EXPECT_EQ(doubler.run(kTwo), kTwiceTwo);
}

// On the CPU, too, where planning computes nothing: a step that would end in the middle doesn't begin.
TEST(Executor, OperandsThatAnOpRefusesAreRefusedInPlanning) {
  Device device = Device::open("cpu", 1);
  Executor executor(device, 1);
  Parameters<float> parameters(device, ParameterTable(), {});
  const Resources<float> resources{
      .device = device, .arena = executor.arena(), .parameters = parameters, .state = nullptr};
  index_t rows = 2;
  int computed = 0;
  const auto submit = [&](index_t count) {
    executor.submit({.key = {.count = count},
                     .inputs = {},
                     .record =
                         [&, count] {
                           const Context<float> c{.resources = resources};
                           const Tensor<float> x = c.tensor({2, count}), y = c.tensor({count});
                           computed += !c.planning();
                           c.run([&](auto&) { std::fill_n(x.data(), x.count(), 1.f); });
                           c.run(kernels::ColumnSum<float>{
                               .out = y.data(), .x = x.data(), .rows = rows, .columns = count});
                         },
                     .changes_state = true});
  };
  rows = -2;
  try {
    submit(3);
    ADD_FAILURE() << "taken";
  } catch (const std::runtime_error& error) {  // as the library's headers promise
    EXPECT_STREQ(error.what(), "column_sum: x has a negative size. Operands: out [3], x [-2, 3]");
  }
  EXPECT_EQ(computed, 0);
  rows = 2;
  submit(3);
  EXPECT_EQ(computed, 1);
}

TEST(Executor, AnErrorInAnEvaluationLosesItsResultsAlone) {
  Doubler doubler(2);
  doubler.executor().submit(doubler.task(kTwo));
  for (int i = 0; i < 2; ++i) {
    doubler.on_record = [](bool planning) {
      if (!planning) throw Error("in the middle");
    };
    EXPECT_EQ(test::error_of([&] { doubler.executor().submit(doubler.task(kThree)); }), "in the middle");
    doubler.on_record = [](bool) {};
    EXPECT_EQ(doubler.executor().in_flight(), 1);
  }
  EXPECT_EQ(doubler.collect(), kTwiceTwo);
  EXPECT_EQ(doubler.run(kThree), kTwiceThree);
}

TEST(Executor, AfterAnErrorInTheMiddleOfAStepItRefuses) {
  Doubler doubler(2);
  doubler.executor().submit(doubler.task(kTwo));
  doubler.on_record = [](bool planning) {
    if (!planning) throw Error("in the middle");
  };
  EXPECT_EQ(test::error_of([&] { doubler.executor().submit(doubler.task(kThree, true)); }), "in the middle");
  doubler.on_record = [](bool) {};
  for (bool changes_state : {true, false})
    test::expect_contains(
        test::error_of([&] { doubler.executor().submit(doubler.task(kThree, changes_state)); }),
        "begin anew from the last checkpoint");
  EXPECT_EQ(doubler.collect(), kTwiceTwo);  // it was in flight before
}

TEST(Executor, WithoutMemoryTheKnownBatchesGoOn) {
  Doubler doubler;
  EXPECT_EQ(doubler.run(kThree), kTwiceThree);
  doubler.on_record = [&](bool planning) {
    if (planning) Tensor<float>(doubler.executor().arena(), {index_t{1} << 50});
  };
  test::expect_contains(test::error_of([&] { doubler.run(kTwo); }), "out of memory");
  doubler.on_record = [](bool) {};
  EXPECT_EQ(doubler.run(kThree), kTwiceThree);
  EXPECT_EQ(doubler.run(kTwo), kTwiceTwo);
}

}  // namespace
}  // namespace poster
