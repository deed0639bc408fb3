#include "model/poster_v2.h"

#include <gtest/gtest.h>

#include "engine/error.h"
#include "tests/support/micro_network.h"

namespace poster {
namespace {

std::int64_t count_of(const ParameterTable& table, std::initializer_list<Role> roles) {
  std::int64_t n = 0;
  for (const ParameterSpec& spec : table.specs())
    for (Role role : roles)
      if (spec.role == role) n += spec.count();
  return n;
}

bool is_statistic_name(const std::string& name) { return name.find(".running_") != std::string::npos; }

TEST(PosterV2, StateDictIsTheReferencesInNamesShapesAndOrder) {
  ParameterTable table;
  PosterV2<float> network(table, poster_v2_config(7));
  test::expect_manifest(table, "poster_v2_3cls_adam", 747u);
}

TEST(PosterV2, HasThePublishedNumbersOfParameters) {
  ParameterTable table;
  PosterV2<float> network(table, poster_v2_config(7));
  std::int64_t all = 0, dead = 0;
  for (const ParameterSpec& spec : table.specs()) {
    if (spec.role == Role::counter || spec.role == Role::constant || is_statistic_name(spec.name)) continue;
    all += spec.count();
    if (spec.role == Role::dead && spec.name.rfind("face_landback", 0) != 0) dead += spec.count();
  }
  EXPECT_EQ(all, 58'316'594);
  EXPECT_EQ(dead, 14'466'637);
  std::int64_t landmarks = 0;
  for (const ParameterSpec& spec : table.specs())
    if (spec.name.rfind("face_landback", 0) == 0 && spec.role != Role::counter &&
        !is_statistic_name(spec.name))
      landmarks += spec.count();
  EXPECT_EQ(landmarks, 1'007'248);
}

TEST(PosterV2, TinyHasOneToTwoMillionParameters) {
  ParameterTable table;
  PosterV2<float> network(table, poster_v2_tiny_config(7));
  const std::int64_t count = count_of(table, {Role::trained, Role::frozen});
  EXPECT_GE(count, 1'000'000);
  EXPECT_LE(count, 2'000'000);
}

TEST(PosterV2, AnUnknownModelIsRefusedWithTheListOfModels) {
  ParameterTable table;
  try {
    make_network<float>("resnet", 7, table);
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("poster-v2-tiny"), std::string::npos);
  }
}

// The whole structure at a size that central differences can go through.
PosterV2Config micro_v2_config(const Freeze& freeze) {
  PosterV2Config config;
  config.freeze = freeze;
  config.outputs = 3;
  config.side = 32;
  config.landmarks = {.widths = {4, 8, 10}, .residuals = {1, 1, 1}, .dead_output_layer = false};
  config.image = {.stem = 4, .widths = {4, 8, 12}, .units = {2, 1, 2}, .dead_output_layer = false};
  config.vit = {.width = 12, .heads = 3, .hidden = 20, .blocks = 2, .dead_tensors = false};
  config.heads = {1, 2, 3};
  config.windows = {8, 4, 2};
  config.mlp_ratio = 2;
  return config;
}

using MicroV2 = test::MicroNetwork<PosterV2, PosterV2Config>;

TEST(PosterV2, FreezingChoosesWhatIsTrained) {
  for (const Freeze& freeze : test::kFreezes) {
    ParameterTable table;
    PosterV2<float> network(table, micro_v2_config(freeze));
    for (const ParameterSpec& spec : table.specs()) {
      if (spec.role != Role::trained && spec.role != Role::frozen) continue;
      const bool frozen = (spec.name.starts_with("face_landback.") && freeze.landmarks) ||
                          (spec.name.starts_with("ir_back.") && freeze.ir50);
      EXPECT_EQ(spec.role == Role::frozen, frozen) << spec.name << " with " << freeze_name(freeze);
    }
    EXPECT_EQ(freeze_by_name(freeze_name(freeze)), freeze);
  }
  for (const char* bad : {"", "ir50,head", "all", "none,ir50"})
    EXPECT_THROW(freeze_by_name(bad), Error) << bad;
}

void expect_v2_central_differences(index_t batch, const Freeze& freeze) {
  const auto factors = [&](std::string_view module, int call, double rate) {
    std::vector<double> result(static_cast<std::size_t>(batch), 1 / (1 - rate));
    if (batch > 1) result[(module.size() + static_cast<std::size_t>(call)) % result.size()] = 0;
    return result;
  };
  MicroV2::expect_central_differences(
      micro_v2_config, {.batch = batch, .tolerance = 1e-6, .elements = 4, .freeze = freeze}, factors);
}

TEST(PosterV2, GradientsOfTheWholeNetworkMatchCentralDifferences) { expect_v2_central_differences(1, {}); }

TEST(PosterV2, GradientsMatchCentralDifferencesWhenNothingIsFrozen) {
  expect_v2_central_differences(3, {.landmarks = false, .ir50 = false});
}

TEST(PosterV2, GradientsMatchCentralDifferencesWhenBothBackbonesAreFrozen) {
  expect_v2_central_differences(2, {.landmarks = true, .ir50 = true});
}

TEST(PosterV2, TheClassTokenAloneGivesTheSameLogitsAsAllTokens) {
  const auto logits = [](bool all_tokens) {
    MicroV2 micro(micro_v2_config);
    auto& c = micro.bench.context();
    c.pass.training = false;
    if (all_tokens)
      micro.bench.hooks().probe = [&](std::string_view stage, const Tensor<double>& t) {
        if (stage == "VIT.blocks.1") {
          EXPECT_EQ(t.shape()[1], 13);
        }
      };
    const auto images = test::random_values<double>(2 * 32 * 32 * 3, 3);
    std::vector<double> result;
    const auto pass = [&] {
      Tensor<double> x = c.tensor({2, 32, 32, 3});
      if (!c.planning()) std::copy(images.begin(), images.end(), x.data());
      const Tensor<double> y = micro.network.forward(c, x, FrozenFeatures::compute);
      if (!c.planning()) result.assign(y.data(), y.data() + y.count());
    };
    test::plan(c, pass);
    pass();
    return result;
  };
  POSTER_EXPECT_CLOSE(logits(false), logits(true), 1e-12);
}

TEST(PosterV2, KeepingFrozenMapsEqualsComputingThemTwice) {
  MicroV2::expect_keeping_frozen_maps_equals_computing_them_twice(micro_v2_config);
}

TEST(PosterV2, LogitsAndStatisticsDoNotDependOnWhatIsFrozen) {
  MicroV2::expect_logits_and_statistics_whatever_is_frozen(micro_v2_config);
}

}  // namespace
}  // namespace poster
