// The tiny networks on several streams give the bits of one, in whatever order the streams' work runs, with
// NaN in all memory that is handed out. A pass of theirs takes a second here, so each runs few.
#include <gtest/gtest.h>

#include <cstring>

#include "engine/launch_graph.h"
#include "model/predictor.h"
#include "model/trainer.h"
#include "tests/cuda_simulator/scheduler.h"
#include "tests/cuda_simulator/stream.h"
#include "tests/support/buffers.h"
#include "tests/support/scoped_variable.h"
#include "tests/support/trained_weights.h"

namespace poster {
namespace {

using Kind = cuda_simulator::StreamOrder::Kind;
using Orders = std::vector<cuda_simulator::StreamOrder>;

constexpr index_t kFaceSide = 112;

const std::vector<float>& face() {
  static const auto pixels = test::random_values<float>(kFaceSide * kFaceSide * 3, 1, -2, 2);
  return pixels;
}

// Calls use(i) with the i-th order.
template <typename F>
void in_each(const Orders& orders, F use) {
  for (std::size_t i = 0; i < orders.size(); ++i) {
    cuda_simulator::set_stream_order(orders[i]);
    use(i);
  }
  cuda_simulator::set_stream_order({});
}

// The graph that was captured last is the one that a dry run of the same work tells of.
template <typename F>
void expect_planned_as_captured(Device& device, F plan) {
  LaunchGraph graph;
  device.cuda()->set_observer(&graph);
  plan();
  device.cuda()->set_observer(nullptr);
  const cuda_simulator::GraphSize captured = cuda_simulator::last_captured_graph();
  EXPECT_EQ(graph.nodes().size(), captured.nodes);
  EXPECT_EQ(graph.longest_path(), captured.longest_path);
  EXPECT_GT(captured.longest_path, 50u);
}

using Results = std::vector<std::vector<float>>;  // after each step or batch

// The weights and statistics after each step: the first without a graph, the second captured.
Results trained(const char* model, const Freeze& freeze, double rho, const Orders& orders) {
  Device device = Device::open("cuda", 1);
  Trainer<float> trainer(device, model, 3, freeze);
  trainer.parameters().initialise(7);
  trainer.prepare_training({.rho = rho}, {}, 3);
  const std::int32_t label = 1;
  Results results;
  const HostBatch batch{
      .images = face().data(), .labels = &label, .count = 1, .height = kFaceSide, .width = kFaceSide};
  in_each(orders, [&](std::size_t) {
    trainer.step(batch, 1e-3);
    auto& values = results.emplace_back(trainer.parameters().model_bytes() / sizeof(float));
    device.copy_to_host(values.data(), trainer.parameters().compute(), trainer.parameters().model_bytes());
  });
  EXPECT_EQ(trainer.graph_count(), 1u);
  expect_planned_as_captured(device, [&] { trainer.memory_needs(Use::training, batch); });
  return results;
}

Results predicted(const char* model, const Orders& orders) {
  Device device = Device::open("cuda", 1);
  Predictor predictor(device, model, 3, test::set_weights);
  Results results;
  in_each(orders, [&](std::size_t) {
    const auto logits = predictor.logits(face().data(), 1, kFaceSide, kFaceSide);
    results.emplace_back(logits.begin(), logits.end());
  });
  expect_planned_as_captured(device, [&] { predictor.memory_needs(1, kFaceSide, kFaceSide); });
  return results;
}

const Orders kFew{{Kind::newest_first, 0}, {Kind::newest_first, 0}, {Kind::shuffle, 1}};

// run(orders): the same work in each of them.
template <typename F>
void expect_the_bits_of_one_stream(const Orders& orders, F run) {
  const Results expected = [&] {
    const test::ScopedVariable one("POSTER_CUDA_ONE_STREAM", "1");
    return run(Orders(orders.size()));
  }();
  const Results several = run(orders);
  ASSERT_EQ(several.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    std::size_t other = 0;
    for (std::size_t k = 0; k < expected[i].size(); ++k)
      other += std::memcmp(&several[i][k], &expected[i][k], sizeof(float)) != 0;
    EXPECT_EQ(other, 0u) << "values after number " << i << ", of " << expected[i].size();
  }
}

TEST(SeveralStreams, TrainPosterV2ToTheBitsOfOne) {
  expect_the_bits_of_one_stream(
      kFew, [](const Orders& orders) { return trained("poster-v2-tiny", {.landmarks = false}, 0, orders); });
}
TEST(SeveralStreams, TakeSamStepsWithFrozenPartsToTheBitsOfOne) {
  expect_the_bits_of_one_stream({{Kind::newest_first, 0}, {Kind::shuffle, 2}}, [](const Orders& orders) {
    return trained("poster-v2-tiny", {.landmarks = true, .ir50 = true}, 0.05, orders);
  });
}
TEST(SeveralStreams, TrainPosterV1ToTheBitsOfOne) {
  expect_the_bits_of_one_stream({{Kind::newest_first, 0}, {Kind::newest_first, 0}}, [](const Orders& orders) {
    return trained("poster-v1-tiny", {.landmarks = false}, 0, orders);
  });
}
TEST(SeveralStreams, PredictTheBitsOfOne) {
  for (const char* const model : {"poster-v2-tiny", "poster-v1-tiny"})
    expect_the_bits_of_one_stream(kFew, [&](const Orders& orders) { return predicted(model, orders); });
}

}  // namespace
}  // namespace poster
