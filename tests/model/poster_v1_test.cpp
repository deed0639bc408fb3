#include "model/poster_v1.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/layer_gradient.h"

namespace poster {
namespace {

using test::LayerBench;
using Tensors = LayerBench::Tensors;

// Parameters, not statistics, whose name begins so or not.
std::int64_t count_of(const ParameterTable& table, std::initializer_list<Role> roles,
                      const std::string& prefix = "", bool with_prefix = true) {
  std::int64_t n = 0;
  for (const ParameterSpec& spec : table.specs())
    for (const Role role : roles)
      if (spec.role == role && spec.name.find(".running_") == std::string::npos &&
          spec.name.starts_with(prefix) == with_prefix)
        n += spec.count();
  return n;
}

TEST(PosterV1, StateDictIsTheReferencesInNamesShapesAndOrder) {
  std::ifstream stream(POSTER_TEST_DATA "/golden/poster_v1_small_7cls_adam.manifest.json");
  const auto manifest = nlohmann::json::parse(stream).at("tensors");
  ParameterTable table;
  PosterV1<float> network(table, poster_v1_small_config(7));
  ASSERT_EQ(table.specs().size(), 981u);
  ASSERT_EQ(manifest.size(), 981u);
  for (std::size_t i = 0; i < manifest.size(); ++i) {
    EXPECT_EQ(table.specs()[i].name, manifest[i].at("name").get<std::string>());
    EXPECT_EQ(table.specs()[i].shape, manifest[i].at("shape").get<std::vector<std::int64_t>>())
        << table.specs()[i].name;
  }
}

TEST(PosterV1, HasTheReferencesNumbersOfParameters) {
  ParameterTable table;
  PosterV1<float> network(table, poster_v1_small_config(7));
  EXPECT_EQ(count_of(table, {Role::trained, Role::frozen, Role::dead}), 52'229'135);
  EXPECT_EQ(count_of(table, {Role::frozen, Role::dead}, "face_landback"), 1'007'248);
  EXPECT_EQ(count_of(table, {Role::dead}, "face_landback", false), 12'848'128);
}

// A depth brings its blocks' tensors, and nothing else.
TEST(PosterV1, TheSizesDifferInDepthAlone) {
  constexpr std::int64_t kOfOneDepth = 4'905'316;
  constexpr std::size_t kTensorsOfOneDepth = 82;
  std::size_t depth = 0;
  for (auto config : {poster_v1_small_config, poster_v1_base_config, poster_v1_large_config}) {
    ParameterTable table;
    PosterV1<float> network(table, config(7));
    EXPECT_EQ(table.specs().size(), 981 + depth * kTensorsOfOneDepth);
    EXPECT_EQ(count_of(table, {Role::trained, Role::frozen, Role::dead}),
              52'229'135 + static_cast<std::int64_t>(depth) * kOfOneDepth);
    depth += 2;
  }
}

TEST(PosterV1, TinyIsTiny) {
  ParameterTable table;
  PosterV1<float> network(table, poster_v1_tiny_config(7));
  const std::int64_t count = count_of(table, {Role::trained, Role::frozen});
  EXPECT_GE(count, 500'000);
  EXPECT_LE(count, 2'000'000);
  EXPECT_EQ(count_of(table, {Role::dead}), 0);
}

// The whole structure at a size that central differences can go through.
PosterV1Config micro_config(const Freeze& freeze) {
  PosterV1Config config;
  config.freeze = freeze;
  config.outputs = 3;
  config.side = 32;
  config.landmarks = {.widths = {4, 8, 16}, .residuals = {1, 1, 1}, .dead_output_layer = false};
  config.image = {
      .stem = 4, .widths = {4, 8, 12}, .units = {2, 1, 2}, .dead_output_layer = false, .one_list = true};
  config.pyramid = {.depth = 2, .heads = 2, .mlp_ratio = 2, .drop_rate = 0.4, .dead_tensors = true};
  return config;
}

struct Micro {
  LayerBench bench;
  PosterV1<double> network;
  explicit Micro(const Freeze& freeze = {}) : network(bench.table, micro_config(freeze)) {
    bench.start();
    bench.context().seed = 5;
  }
};

constexpr Freeze kFreezes[] = {{.landmarks = true, .ir50 = false},
                               {.landmarks = false, .ir50 = false},
                               {.landmarks = true, .ir50 = true},
                               {.landmarks = false, .ir50 = true}};

void expect_central_differences(index_t batch, const Freeze& freeze) {
  Micro micro(freeze);
  std::set<std::string> calls;
  micro.bench.context().drop_path_factors = [&](std::string_view module, int call, double rate) {
    calls.insert(std::string(module) + " " + std::to_string(call));
    EXPECT_EQ(rate, 0.4);
    std::vector<double> factors(static_cast<std::size_t>(batch), 1 / (1 - rate));
    if (batch > 1)
      factors[(module[module.size() - 11] + static_cast<std::size_t>(call)) % factors.size()] = 0;
    return factors;
  };
  micro.bench.check(
      {{batch, 37, 41, 3}},
      [&](auto& c, const Tensors& x) { return micro.network.forward(c, x[0], FrozenFeatures::compute); },
      [&](auto& c, const auto& dy) {
        micro.network.backward(c, dy);
        return Tensors{Tensor<double>()};
      },
      5e-6, 2, 1e-6);
  // The first depth never drops.
  std::set<std::string> expected;
  for (const char* level : {"l", "m", "s"})
    for (const char* call : {"0", "1", "2", "3"})
      expected.insert("pyramid_fuse.blocks.1.block_" + std::string(level) + ".drop_path " + call);
  EXPECT_EQ(calls, expected);
}

TEST(PosterV1, GradientsOfTheWholeNetworkMatchCentralDifferences) { expect_central_differences(3, {}); }

TEST(PosterV1, GradientsMatchCentralDifferencesWhenNothingIsFrozen) {
  expect_central_differences(1, {.landmarks = false, .ir50 = false});
}

TEST(PosterV1, GradientsMatchCentralDifferencesWhenTheImageBackboneIsFrozen) {
  expect_central_differences(2, {.landmarks = false, .ir50 = true});
}

// Runs passes on a micro network and gives logits and all gradients of the last one.
struct Outcome {
  std::vector<double> logits, gradients, statistics;
};
Outcome run_passes(const std::vector<FrozenFeatures>& passes, const Freeze& freeze) {
  Micro micro(freeze);
  auto& c = micro.bench.context();
  const auto images = test::random_values<double>(2 * 32 * 32 * 3, 3);
  const auto dlogits = test::random_values<double>(2 * 3, 4);
  Outcome outcome;
  const auto all = [&] {
    for (const FrozenFeatures frozen : passes) {
      Tensor<double> x = c.tensor({2, 32, 32, 3});
      if (!c.arena.planning()) std::copy(images.begin(), images.end(), x.data());
      Tensor<double> y = micro.network.forward(c, x, frozen);
      Tensor<double> dy = c.tensor({2, 3});
      if (!c.arena.planning()) {
        outcome.logits.assign(y.data(), y.data() + y.count());
        std::copy(dlogits.begin(), dlogits.end(), dy.data());
      }
      micro.network.backward(c, dy);
    }
  };
  all();
  c.arena.commit(c.device);
  all();
  auto& p = micro.bench.parameters();
  outcome.gradients.assign(p.gradient(), p.gradient() + p.trained_count());
  const auto& specs = p.table().specs();
  for (std::size_t id = 0; id < specs.size(); ++id)
    if (specs[id].role == Role::statistic || specs[id].role == Role::counter)
      for (double v : to_doubles(p.export_value(static_cast<ParameterId>(id))))
        outcome.statistics.push_back(v);
  return outcome;
}

TEST(PosterV1, KeepingFrozenMapsEqualsComputingThemTwice) {
  for (const Freeze& freeze : kFreezes) {
    const Outcome twice = run_passes({FrozenFeatures::compute, FrozenFeatures::compute}, freeze);
    const Outcome once = run_passes({FrozenFeatures::compute_and_keep, FrozenFeatures::reuse}, freeze);
    EXPECT_EQ(once.logits, twice.logits) << freeze_name(freeze);
    EXPECT_EQ(once.gradients, twice.gradients) << freeze_name(freeze);
    EXPECT_EQ(once.statistics, twice.statistics) << freeze_name(freeze);
  }
}

TEST(PosterV1, LogitsAndStatisticsDoNotDependOnWhatIsFrozen) {
  const std::vector<FrozenFeatures> pass{FrozenFeatures::compute};
  const Outcome all = run_passes(pass, {.landmarks = false, .ir50 = false});
  for (const Freeze& freeze : kFreezes) {
    const Outcome some = run_passes(pass, freeze);
    EXPECT_EQ(some.logits, all.logits) << freeze_name(freeze);
    EXPECT_EQ(some.statistics, all.statistics) << freeze_name(freeze);
  }
}

}  // namespace
}  // namespace poster
