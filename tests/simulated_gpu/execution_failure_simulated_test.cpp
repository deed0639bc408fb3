// After an error on a CUDA device a predictor or trainer computes right, or says that it can't: dry runs end
// in the middle, and every allocation of device and pinned memory fails once. Then logits and weights are
// those of an object to which nothing has happened, bit by bit.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/error.h"
#include "model/predictor.h"
#include "model/trainer.h"
#include "tests/cuda_simulator/allocation_failure.h"
#include "tests/cuda_simulator/device_faults.h"
#include "tests/support/error_text.h"
#include "tests/support/trained_weights.h"

namespace poster {
namespace {

constexpr const char* kModel = "poster-v2-tiny";
constexpr index_t kSide = 112, kImageSize = kSide * kSide * 3;

using Values = std::vector<float>;

class ExecutionFailure : public testing::Test {
 protected:
  HostBatch batch(index_t first, index_t count) const {
    return {.images = images_.data() + first * kImageSize,
            .labels = labels_.data() + first,
            .count = count,
            .height = kSide,
            .width = kSide};
  }
  Values logits(Predictor& predictor, index_t first, index_t count) const {
    const auto span = predictor.logits(images_.data() + first * kImageSize, count, kSide, kSide);
    return {span.begin(), span.end()};
  }
  std::unique_ptr<Trainer<float>> trainer() {
    auto made = std::make_unique<Trainer<float>>(device_, kModel, 3);
    made->parameters().initialise(1);
    made->prepare_training({.rho = 0}, {}, 1);
    return made;
  }
  Values weights(Trainer<float>& of) {
    Values values(of.parameters().model_bytes() / sizeof(float));
    device_.copy_to_host(values.data(), of.parameters().compute(), of.parameters().model_bytes());
    for (const std::int64_t counter : of.parameters().counters())
      values.push_back(static_cast<float>(counter));
    return values;
  }

  Device device_ = Device::open("cuda", 1);
  const Values images_ = test::random_values<float>(2 * kImageSize, 9, -2, 2);
  const std::vector<std::int32_t> labels_{0, 1};
};

TEST_F(ExecutionFailure, ABatchThatKernelsRefuseInPlanningChangesNoOther) {
  Predictor predictor(device_, kModel, 7, test::set_weights);
  logits(predictor, 0, 1);
  logits(predictor, 0, 1);  // a graph
  const std::string error =
      test::error_of([&] { predictor.logits(images_.data(), index_t{1} << 36, kSide, kSide); });
  EXPECT_NE(error, "");
  EXPECT_EQ(error.find("out of memory"), std::string::npos) << error;  // that comes after planning
  const Values replayed = logits(predictor, 1, 1);
  predictor.keep_attention(true);  // without the graph
  const Values computed = logits(predictor, 1, 1);
  Predictor fresh(device_, kModel, 7, test::set_weights);
  const Values expected = logits(fresh, 1, 1);
  EXPECT_EQ(replayed, expected);
  EXPECT_EQ(computed, expected);
}

// As where cuBLASLt has no algorithm for as many rows.
TEST_F(ExecutionFailure, ABatchThatALibraryRefusesIsToldAsTooLarge) {
  const auto one = trainer();
  HostBatch batch = this->batch(0, 1);
  batch.count = 50'000;  // the stand-in of cuBLASLt takes no map of that many images
  EXPECT_THROW(one->memory_needs(Use::training, batch.count, kSide, kSide), Error);
  const std::string error = test::error_of([&] { one->step(batch, 1e-3); });
  test::expect_contains(error, "more than the device can compute at once; use --batch-size ");
  const index_t largest = std::stoll(error.substr(error.find("--batch-size ") + 13));
  EXPECT_GT(largest, 100);
  const MemoryNeeds needs = one->memory_needs(Use::training, largest, kSide, kSide);
  EXPECT_LE(needs.total() - needs.model - needs.training, *device_.free_memory());
  EXPECT_TRUE(std::isfinite(one->step(this->batch(0, 2), 1e-3)[0].loss));
}

TEST_F(ExecutionFailure, AfterAFaultOfTheDeviceTheFirstErrorIsTold) {
  cuda_simulator::set_broken(true);
  const std::string error = test::error_of([&] { device_.allocate(100); });
  cuda_simulator::set_broken(false);
  test::expect_contains(error, "illegal memory access");
  test::expect_contains(error, "cudaMalloc");
}

TEST_F(ExecutionFailure, APredictorThatCouldNotHaveMemoryGivesTheLogitsOfAnother) {
  Values one, two;
  {
    Predictor reference(device_, kModel, 7, test::set_weights);
    two = logits(reference, 0, 2);
    one = logits(reference, 1, 1);
  }
  int failures = 0;
  for (int allowed = 0;; ++allowed) {
    Predictor predictor(device_, kModel, 7, test::set_weights);
    logits(predictor, 0, 1);
    logits(predictor, 0, 1);  // a graph
    cuda_simulator::fail_allocation_after(allowed);
    const std::string error = test::error_of([&] { logits(predictor, 0, 2); });
    const bool failed = cuda_simulator::allocation_failed();
    cuda_simulator::fail_allocation_after(-1);
    EXPECT_EQ(error.empty(), !failed) << error;
    for (int i = 0; i < 2; ++i) EXPECT_EQ(logits(predictor, 1, 1), one) << allowed;
    EXPECT_EQ(logits(predictor, 0, 2), two) << allowed;
    if (!failed || HasFailure()) break;
    ++failures;
  }
  EXPECT_GE(failures, 5);  // activations, inputs, results, and both on the host
}

TEST_F(ExecutionFailure, ATrainerThatCouldNotHaveMemoryTakesTheSameStep) {
  const auto reference = trainer();
  const Values before = reference->evaluate(batch(1, 1)).logits;
  for (int i = 0; i < 2; ++i) reference->step(batch(0, 2), 1e-3);
  const Values expected = weights(*reference);
  int failures = 0;
  for (int allowed = 0;; ++allowed) {
    const auto one = trainer();
    for (int i = 0; i < 2; ++i) one->evaluate(batch(0, 1));  // a graph
    cuda_simulator::fail_allocation_after(allowed);
    const std::string error = test::error_of([&] { one->step(batch(0, 2), 1e-3); });
    const bool failed = cuda_simulator::allocation_failed();
    cuda_simulator::fail_allocation_after(-1);
    EXPECT_EQ(error.empty(), !failed) << error;
    if (failed) {
      EXPECT_EQ(one->evaluate(batch(1, 1)).logits, before) << allowed;
      one->step(batch(0, 2), 1e-3);
    }
    one->step(batch(0, 2), 1e-3);
    EXPECT_EQ(weights(*one), expected) << allowed;
    if (!failed || HasFailure()) break;
    ++failures;
  }
  EXPECT_GE(failures, 3);  // activations, inputs, and those on the host
}

}  // namespace
}  // namespace poster
