#include "model/poster_v1.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/micro_network.h"

namespace poster {
namespace {

// Parameters, not statistics, whose name begins so or not.
std::int64_t count_named(const ParameterTable& table, std::initializer_list<Role> roles,
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
  ParameterTable table;
  PosterV1<float> network(table, poster_v1_small_config(7));
  test::expect_manifest(table, "poster_v1_small_7cls_adam", 981u);
}

TEST(PosterV1, HasTheReferencesNumbersOfParameters) {
  ParameterTable table;
  PosterV1<float> network(table, poster_v1_small_config(7));
  EXPECT_EQ(count_named(table, {Role::trained, Role::frozen, Role::dead}), 52'229'135);
  EXPECT_EQ(count_named(table, {Role::frozen, Role::dead}, "face_landback"), 1'007'248);
  EXPECT_EQ(count_named(table, {Role::dead}, "face_landback", false), 12'848'128);
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
    EXPECT_EQ(count_named(table, {Role::trained, Role::frozen, Role::dead}),
              52'229'135 + static_cast<std::int64_t>(depth) * kOfOneDepth);
    depth += 2;
  }
}

TEST(PosterV1, TinyIsTiny) {
  ParameterTable table;
  PosterV1<float> network(table, poster_v1_tiny_config(7));
  const std::int64_t count = count_named(table, {Role::trained, Role::frozen});
  EXPECT_GE(count, 500'000);
  EXPECT_LE(count, 2'000'000);
  EXPECT_EQ(count_named(table, {Role::dead}), 0);
}

// The whole structure at a size that central differences can go through.
PosterV1Config micro_v1_config(const Freeze& freeze) {
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

using MicroV1 = test::MicroNetwork<PosterV1, PosterV1Config>;

void expect_v1_central_differences(index_t batch, const Freeze& freeze) {
  std::set<std::string> calls;
  const auto factors = [&](std::string_view module, int call, double rate) {
    calls.insert(std::string(module) + " " + std::to_string(call));
    EXPECT_EQ(rate, 0.4);
    std::vector<double> result(static_cast<std::size_t>(batch), 1 / (1 - rate));
    if (batch > 1) result[(module[module.size() - 11] + static_cast<std::size_t>(call)) % result.size()] = 0;
    return result;
  };
  MicroV1::expect_central_differences(
      micro_v1_config, {.batch = batch, .tolerance = 5e-6, .elements = 2, .freeze = freeze}, factors);
  // The first depth never drops.
  std::set<std::string> expected;
  for (const char* level : {"l", "m", "s"})
    for (const char* call : {"0", "1", "2", "3"})
      expected.insert("pyramid_fuse.blocks.1.block_" + std::string(level) + ".drop_path " + call);
  EXPECT_EQ(calls, expected);
}

TEST(PosterV1, GradientsOfTheWholeNetworkMatchCentralDifferences) { expect_v1_central_differences(3, {}); }

TEST(PosterV1, GradientsMatchCentralDifferencesWhenNothingIsFrozen) {
  expect_v1_central_differences(1, {.landmarks = false, .ir50 = false});
}

TEST(PosterV1, GradientsMatchCentralDifferencesWhenTheImageBackboneIsFrozen) {
  expect_v1_central_differences(2, {.landmarks = false, .ir50 = true});
}

TEST(PosterV1, KeepingFrozenMapsEqualsComputingThemTwice) {
  MicroV1::expect_keeping_frozen_maps_equals_computing_them_twice(micro_v1_config);
}

TEST(PosterV1, LogitsAndStatisticsDoNotDependOnWhatIsFrozen) {
  MicroV1::expect_logits_and_statistics_whatever_is_frozen(micro_v1_config);
}

}  // namespace
}  // namespace poster
