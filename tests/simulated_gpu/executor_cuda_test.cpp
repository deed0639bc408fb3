// Staging, slots and graphs of the executor on a CUDA device, with a task of one kernel.
#include "engine/executor.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/error.h"
#include "engine/tensor.h"
#include "kernels/cast/cast.h"
#include "tests/support/error_text.h"

namespace poster {
namespace {

// Copies its first input to the results; a second input goes to a place of its own. Counts what is recorded.
class Copier {
 public:
  Task task(const std::vector<float>& x, bool changes_state = false) {
    inputs_[0] = {.data = x.data(), .bytes = x.size() * sizeof(float)};
    inputs_[1] = {.data = x.data(), .bytes = sizeof(float), .destination = first_.data()};
    const auto count = static_cast<index_t>(x.size());
    return {.key = {.count = count},
            .inputs = inputs_,
            .result_bytes = x.size() * sizeof(float),
            .record = [this, count] { record(count); },
            .changes_state = changes_state};
  }
  std::vector<float> collect() {
    const auto finished = executor.wait();
    const auto* const y = reinterpret_cast<const float*>(finished.results);
    std::vector<float> result(y, y + finished.key.count);
    executor.release();
    return result;
  }
  std::vector<float> run(const std::vector<float>& x) {
    executor.submit(task(x));
    return collect();
  }
  float first() {
    float value = 0;
    device_.copy_to_host(&value, first_.data(), sizeof value);
    return value;
  }

 private:
  void record(index_t count) {
    const bool planning = executor.arena().planning();
    kept_ = Tensor<float>(executor.arena(), {count});
    ++recorded;
    if (!planning) counters[0] += 3;
    if (on_record) on_record();
    device_.run<float>([&](auto& queue) {
      kernels::run(queue, kernels::Cast<float>{.y = kept_.data(),
                                               .x = reinterpret_cast<const float*>(executor.input(0)),
                                               .count = count});
      kernels::run(queue,
                   kernels::Cast<float>{
                       .y = reinterpret_cast<float*>(executor.results()), .x = kept_.data(), .count = count});
    });
    kept_ = {};
  }

  Device device_ = Device::open("cuda", 1);
  DeviceBuffer first_ = device_.allocate(sizeof(float));
  std::array<BatchInput, 2> inputs_;

 public:
  std::vector<std::int64_t> counters{0};
  Executor executor{device_, 2, &counters};
  int recorded = 0;
  std::function<void()> on_record;

 private:
  Tensor<float> kept_;
};

class ExecutorOnCuda : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = kernels::cuda_unavailable(); !why.empty()) GTEST_SKIP() << why;
  }
};

const std::vector<float> kThree{1, 2, 3}, kOther{4, 5, 6}, kTwo{7, 8};

TEST_F(ExecutorOnCuda, ReplaysFromTheSecondBatchOfAKindOn) {
  Copier copier;
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(copier.run(i % 2 ? kOther : kThree), i % 2 ? kOther : kThree);
    EXPECT_EQ(copier.first(), i % 2 ? 4 : 1);
    EXPECT_EQ(copier.counters[0], 3 * (i + 1));
  }
  EXPECT_EQ(copier.recorded, 3);  // in planning, without a graph, and into it
  EXPECT_EQ(copier.executor.graph_count(), 1u);
  // More memory moves the block of inputs, whose addresses are in the graph.
  const std::vector<float> many(1000, 2);
  EXPECT_EQ(copier.run(many), many);
  EXPECT_EQ(copier.executor.graph_count(), 0u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(copier.run(kThree), kThree);
  EXPECT_EQ(copier.executor.graph_count(), 1u);
}

TEST_F(ExecutorOnCuda, ThereAreNoGraphsWhereEveryKernelIsWaitedFor) {
  ::setenv("POSTER_CUDA_SYNC", "1", 1);
  Copier copier;
  ::unsetenv("POSTER_CUDA_SYNC");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(copier.run(kThree), kThree);
  EXPECT_EQ(copier.recorded, 4);
  EXPECT_EQ(copier.executor.graph_count(), 0u);
}

TEST_F(ExecutorOnCuda, TheBatchIsTheCallersAgainWhenItIsSubmitted) {
  Copier copier;
  std::vector<float> mine = kThree;
  copier.executor.submit(copier.task(mine));
  mine.assign({0, 0, 0});
  copier.executor.submit(copier.task(kTwo));
  EXPECT_EQ(copier.collect(), kThree);
  EXPECT_EQ(copier.collect(), kTwo);
}

TEST_F(ExecutorOnCuda, AnErrorInPlanningEndsPlanning) {
  Copier copier;
  EXPECT_EQ(copier.run(kThree), kThree);
  copier.on_record = [&] {
    if (copier.executor.arena().planning()) throw Error("in planning");
  };
  EXPECT_EQ(test::error_of([&] { copier.run(kTwo); }), "in planning");
  EXPECT_EQ(copier.run(kOther), kOther);
  copier.on_record = {};
  EXPECT_EQ(copier.run(kTwo), kTwo);
}

TEST_F(ExecutorOnCuda, AnErrorInCapturingHasMovedNothing) {
  Copier copier;
  EXPECT_EQ(copier.run(kThree), kThree);
  copier.on_record = [] { throw Error("in capture"); };
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(test::error_of([&] { copier.executor.submit(copier.task(kOther, true)); }), "in capture");
    EXPECT_EQ(copier.counters[0], 3);
    EXPECT_EQ(copier.executor.in_flight(), 0);
  }
  copier.on_record = {};
  for (int i = 0; i < 2; ++i) EXPECT_EQ(copier.run(kOther), kOther);
  EXPECT_EQ(copier.executor.graph_count(), 1u);
  EXPECT_EQ(copier.counters[0], 9);
}

TEST_F(ExecutorOnCuda, AfterAnErrorInTheMiddleOfAStepItRefuses) {
  Copier copier;
  copier.on_record = [&] {
    if (!copier.executor.arena().planning()) throw Error("in the middle");
  };
  EXPECT_EQ(test::error_of([&] { copier.executor.submit(copier.task(kThree, true)); }), "in the middle");
  copier.on_record = {};
  test::expect_contains(test::error_of([&] { copier.run(kThree); }), "begin anew from the last checkpoint");
}

}  // namespace
}  // namespace poster
