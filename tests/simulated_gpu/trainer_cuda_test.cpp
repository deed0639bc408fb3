// The whole tiny network on the CUDA path: engine, graphs, loss scaling and memory planning, with the
// kernels' own sources.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "engine/error.h"
#include "kernels/cuda_device.h"
#include "model/trainer.h"
#include "tests/support/buffers.h"
#include "tests/support/compare.h"
#include "tests/support/device_backend.h"

namespace poster {
namespace {

constexpr const char* kTrainerModel = "poster-v2-tiny";
constexpr index_t kTrainerSide = 112;

struct Data {
  explicit Data(index_t n)
      : images(test::random_values<float>(n * kTrainerSide * kTrainerSide * 3, 1, -2, 2)) {
    for (index_t i = 0; i < n; ++i) labels.push_back(static_cast<std::int32_t>(i % 3));
  }
  HostBatch batch(index_t n) const {
    return {.images = images.data(),
            .labels = labels.data(),
            .count = n,
            .height = kTrainerSide,
            .width = kTrainerSide};
  }
  std::vector<float> images;
  std::vector<std::int32_t> labels;
};

class TrainerOnCuda : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = kernels::cuda_unavailable(); !why.empty()) GTEST_SKIP() << why;
  }
  Data data_{4};
};

template <typename T>
struct Bench {
  explicit Bench(const char* device_name, Precision precision = Precision::float32, double rho = 0.05,
                 const Freeze& freeze = {})
      : device(Device::open(device_name, 2, precision)), trainer(device, kTrainerModel, 3, freeze) {
    trainer.parameters().initialise(7);
    trainer.prepare_training({.rho = rho}, {}, 3);
  }
  std::vector<double> gradients() {
    return download(trainer.parameters().gradient(), 1 / trainer.step_state().loss_scale);
  }
  std::vector<double> weights() { return download(trainer.parameters().master(), 1); }
  std::vector<double> download(const float* from, double scale) {
    // Tensor by tensor: in 16 bits they lie in another order.
    std::vector<double> result;
    const std::vector<ParameterSpec>& specs = trainer.parameters().table().specs();
    for (std::size_t row = 0; row < specs.size(); ++row) {
      if (specs[row].role != Role::trained) continue;
      const NamedTensor tensor = trainer.parameters().export_trained(ParameterId(row), from);
      for (std::int64_t i = 0; i < tensor.count(); ++i) result.push_back(scale * tensor.as<float>()[i]);
    }
    return result;
  }
  // Everything of the state dict, bit for bit.
  std::vector<std::byte> state() {
    std::vector<std::byte> all;
    for (const NamedTensor& t : trainer.parameters().state_dict())
      all.insert(all.end(), t.data.begin(), t.data.end());
    return all;
  }
  Device device;
  Trainer<T> trainer;
};

double cosine(const std::vector<double>& a, const std::vector<double>& b) {
  const auto dot = [](const auto& x, const auto& y) {
    return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
  };
  return dot(a, b) / std::sqrt(dot(a, a) * dot(b, b));
}

TEST_F(TrainerOnCuda, EvaluatesAsTheCpuDoes) {
  Bench<float> cpu("cpu"), cuda("cuda");
  for (index_t n : {1, 2}) {
    const auto expected = cpu.trainer.evaluate(data_.batch(n)),
               actual = cuda.trainer.evaluate(data_.batch(n));
    EXPECT_LE(test::relative_error(actual.logits, expected.logits, 0.1), 1e-4);
    EXPECT_NEAR(actual.loss, expected.loss, 1e-4);
  }
}

TEST_F(TrainerOnCuda, GradientsAreTheCpus) {
  Bench<float> cpu("cpu"), cuda("cuda");
  const auto expected = cpu.trainer.forward_backward(data_.batch(2));
  const auto actual = cuda.trainer.forward_backward(data_.batch(2));
  EXPECT_NEAR(actual.loss, expected.loss, 1e-4);
  EXPECT_GT(cosine(cuda.gradients(), cpu.gradients()), 1 - 1e-5);
}

TEST_F(TrainerOnCuda, GradientsAreTheCpusWhateverIsFrozen) {
  for (const Freeze freeze :
       {Freeze{.landmarks = false, .ir50 = false}, Freeze{.landmarks = true, .ir50 = true}}) {
    Bench<float> cpu("cpu", Precision::float32, 0.05, freeze), cuda("cuda", Precision::float32, 0.05, freeze);
    cpu.trainer.forward_backward(data_.batch(2));
    cuda.trainer.forward_backward(data_.batch(2));
    EXPECT_GT(cosine(cuda.gradients(), cpu.gradients()), 1 - 1e-5) << freeze_name(freeze);
  }
}

TEST_F(TrainerOnCuda, SixteenBitGradientsPointTheSameWay) {
  Bench<float> cpu("cpu");
  Bench<Half> half("cuda", Precision::float16);
  const auto expected = cpu.trainer.forward_backward(data_.batch(2));
  const auto actual = half.trainer.forward_backward(data_.batch(2));
  EXPECT_NEAR(actual.loss, expected.loss, 2e-2);
  EXPECT_GT(cosine(half.gradients(), cpu.gradients()), 0.99);
}

// Losses, weights, statistics and counters after some steps, with another batch size in between.
template <typename T>
std::pair<std::vector<double>, std::vector<std::byte>> run_steps(const Data& data, Precision precision,
                                                                 double rho, bool graphs) {
  Bench<T> bench("cuda", precision, rho);
  bench.trainer.use_graphs(graphs);
  std::vector<double> losses;
  int step = 0;
  for (index_t n : {2, 3, 2, 2})
    for (const auto& pass : bench.trainer.step(data.batch(n), 1e-3 / (1 + step++)))
      losses.push_back(pass.loss);
  EXPECT_EQ(bench.trainer.graph_count(), graphs ? 1u : 0u);
  EXPECT_EQ(bench.trainer.step_state().forward_pass, rho > 0 ? 8u : 4u);
  EXPECT_EQ(bench.trainer.step_state().updates, 4);
  return {losses, bench.state()};
}

TEST_F(TrainerOnCuda, ReplayedStepsGiveTheBitsOfStepsWithoutAGraph) {
  EXPECT_EQ(run_steps<float>(data_, Precision::float32, 0.05, true),
            run_steps<float>(data_, Precision::float32, 0.05, false));
}

TEST_F(TrainerOnCuda, ReplayedStepsGiveTheSameBitsInSixteenBits) {
  EXPECT_EQ(run_steps<Half>(data_, Precision::float16, 0, true),
            run_steps<Half>(data_, Precision::float16, 0, false));
}

TEST_F(TrainerOnCuda, ReplayedEvaluationsGiveTheSameBits) {
  Bench<float> bench("cuda");
  std::vector<std::vector<float>> logits;
  for (int i = 0; i < 4; ++i) {
    bench.trainer.use_graphs(i != 3);
    logits.push_back(bench.trainer.evaluate(data_.batch(2)).logits);
  }
  EXPECT_EQ(bench.trainer.graph_count(), 1u);
  for (int i : {1, 2, 3}) EXPECT_EQ(logits[i], logits[0]);
}

TEST_F(TrainerOnCuda, StepsFollowTheCpus) {
  Bench<float> cpu("cpu"), cuda("cuda");
  for (int step = 0; step < 2; ++step) {
    const auto expected = cpu.trainer.step(data_.batch(2), 1e-3),
               actual = cuda.trainer.step(data_.batch(2), 1e-3);
    for (int pass : {0, 1}) EXPECT_NEAR(actual[pass].loss, expected[pass].loss, 2e-3) << step;
  }
  EXPECT_GT(cosine(cuda.weights(), cpu.weights()), 1 - 1e-4);
}

TEST_F(TrainerOnCuda, BatchesMayBeInFlight) {
  Bench<float> one("cuda", Precision::float32, 0), two("cuda", Precision::float32, 0);
  std::vector<double> expected, actual;
  for (int step = 0; step < 3; ++step) expected.push_back(one.trainer.step(data_.batch(2), 1e-3)[0].loss);
  for (int step = 0; step < 3; ++step) {
    two.trainer.submit_step(data_.batch(2), 1e-3);
    if (two.trainer.in_flight() == TrainerBase::kInFlight) actual.push_back(two.trainer.collect()[0].loss);
  }
  EXPECT_EQ(two.trainer.in_flight(), 1);
  actual.push_back(two.trainer.collect()[0].loss);
  EXPECT_EQ(actual, expected);
  EXPECT_EQ(one.state(), two.state());
  EXPECT_THROW(two.trainer.collect(), Error);
}

TEST_F(TrainerOnCuda, AnOverflowSkipsTheStepAndHalvesTheScale) {
  Bench<Half> bench("cuda", Precision::float16, 0);
  auto state = bench.trainer.step_state();
  EXPECT_EQ(state.loss_scale, 65536);
  state.loss_scale = 16777216.0 * 256;  // gradients beyond 65504
  bench.trainer.set_step_state(state);
  const auto before = bench.weights();
  const auto passes = bench.trainer.step(data_.batch(2), 1e-3);
  EXPECT_TRUE(std::isfinite(passes[0].loss));
  state = bench.trainer.step_state();
  EXPECT_EQ(state.skipped_steps, 1);
  EXPECT_EQ(state.updates, 0);
  EXPECT_EQ(state.loss_scale, 16777216.0 * 128);
  EXPECT_EQ(bench.weights(), before);
  state.loss_scale = 65536;
  bench.trainer.set_step_state(state);
  bench.trainer.step(data_.batch(2), 1e-3);
  EXPECT_EQ(bench.trainer.step_state().updates, 1);
  EXPECT_NE(bench.weights(), before);
}

TEST_F(TrainerOnCuda, LearnsASmallBatchByHeartInSixteenBits) {
  Bench<Half> bench("cuda", Precision::float16, 0);
  const double first = bench.trainer.step(data_.batch(2), 1e-3)[0].loss;
  double last = first;
  for (int i = 0; i < 6; ++i) last = bench.trainer.step(data_.batch(2), 1e-3)[0].loss;
  EXPECT_LT(last, 0.7 * first);
}

TEST_F(TrainerOnCuda, ImagesOnTheDeviceGiveTheSameBatch) {
  Bench<float> bench("cuda");
  constexpr int kSize = 224;
  const auto random = test::random_values<float>(3 * kSize * kSize * 3, 5, 0, 255.99f);
  const std::vector<std::uint8_t> stored(random.begin(), random.end());
  const auto levels = test::random_values<float>(3 * 256, 6, -2, 2);
  ImageStore store(bench.device, 3, kSize, levels.data());
  const std::int64_t before = test::pageable_copies();
  // The second one is overwritten later, by the first of two that come together; pinned memory is used again.
  const auto image = [&](int i) { return stored.data() + i * kSize * kSize * 3; };
  const auto put = [&](const std::vector<ImageStore::Image>& images) { store.put(images); };
  put({{1, image(0)}});
  put({{0, image(2)}});
  put({{1, image(1)}, {0, image(0)}});
  put({{2, image(2)}});
  EXPECT_EQ(test::pageable_copies(), before) << "a batch in flight would be waited for";
  // Images 2 and 0, as they are.
  std::vector<kernels::ImageAugmentation> augmentations(2);
  std::vector<float> images(2 * kTrainerSide * kTrainerSide * 3);
  for (int i = 0; i < 2; ++i) {
    augmentations[i].image = 2 - 2 * i;
    for (index_t y = 0; y < kTrainerSide; ++y)
      for (index_t x = 0; x < kTrainerSide; ++x)
        for (index_t c = 0; c < 3; ++c)
          images[((i * kTrainerSide + y) * kTrainerSide + x) * 3 + c] =
              levels[c * 256 + stored[(((2 - 2 * i) * kSize + 2 * y) * kSize + 2 * x) * 3 + c]];
  }
  HostBatch on_device{.images = StoredImages{&store, augmentations.data()},
                      .labels = data_.labels.data(),
                      .count = 2,
                      .height = kTrainerSide,
                      .width = kTrainerSide};
  HostBatch from_host = data_.batch(2);
  from_host.images = images.data();
  EXPECT_EQ(bench.trainer.evaluate(on_device).logits, bench.trainer.evaluate(from_host).logits);
}

TEST_F(TrainerOnCuda, ADryRunAllocatesNothingAndGrowsWithTheBatch) {
  Bench<float> bench("cuda");
  const auto small = bench.trainer.memory_needs(Use::training, 2, kTrainerSide, kTrainerSide);
  const auto large = bench.trainer.memory_needs(Use::training, 8, kTrainerSide, kTrainerSide);
  EXPECT_GT(large.activations, 3 * small.activations);
  EXPECT_EQ(large.model, small.model);
  EXPECT_EQ(bench.trainer.activation_bytes(), 0u);
  int pairs = 0;  // that are planned
  bench.trainer.hooks().foldable = [&](const FoldedNorm&) { ++pairs; };
  bench.trainer.memory_needs(Use::training, 1, kTrainerSide, kTrainerSide);
  const int of_one_run = std::exchange(pairs, 0);
  EXPECT_GT(bench.trainer.largest_batch(100 * large.total(), kTrainerSide, kTrainerSide), 500);
  EXPECT_LE(pairs, 8 * of_one_run) << "each dry run asks the libraries for new plans";
  const index_t largest = bench.trainer.largest_batch(large.total(), kTrainerSide, kTrainerSide);
  EXPECT_GE(largest, 8);
  EXPECT_LE(bench.trainer.memory_needs(Use::training, largest, kTrainerSide, kTrainerSide).total(),
            large.total());
  EXPECT_GT(bench.trainer.memory_needs(Use::training, largest + 1, kTrainerSide, kTrainerSide).total(),
            large.total());
}

TEST_F(TrainerOnCuda, TooLargeABatchIsRefusedWithTheLargestThatFits) {
  Bench<float> bench("cuda");
  Data data(1);
  HostBatch batch = data.batch(1);
  batch.count = 1'000'000;  // the refusal comes before anything is read
  try {
    bench.trainer.step(batch, 1e-3);
    FAIL() << "accepted";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("use --batch-size "), std::string::npos) << e.what();
  }
  EXPECT_TRUE(std::isfinite(bench.trainer.step(data_.batch(2), 1e-3)[0].loss));
}

}  // namespace
}  // namespace poster
