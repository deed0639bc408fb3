#include "model/poster_v2.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "tests/support/layer_gradient.h"

namespace poster {
namespace {

using test::LayerBench;
using Tensors = LayerBench::Tensors;

std::int64_t count_of(const ParameterTable& table, std::initializer_list<Role> roles) {
  std::int64_t n = 0;
  for (const ParameterSpec& spec : table.specs())
    for (Role role : roles)
      if (spec.role == role) n += spec.count();
  return n;
}

bool is_statistic_name(const std::string& name) { return name.find(".running_") != std::string::npos; }

TEST(PosterV2, StateDictIsTheReferencesInNamesShapesAndOrder) {
  std::ifstream stream(POSTER_TEST_DATA "/golden/poster_v2_3cls_adam.manifest.json");
  const auto manifest = nlohmann::json::parse(stream).at("tensors");
  ParameterTable table;
  PosterV2<float> network(table, poster_v2_config(7));
  ASSERT_EQ(table.specs().size(), 747u);
  ASSERT_EQ(manifest.size(), 747u);
  for (std::size_t i = 0; i < manifest.size(); ++i) {
    EXPECT_EQ(table.specs()[i].name, manifest[i].at("name").get<std::string>());
    EXPECT_EQ(table.specs()[i].shape, manifest[i].at("shape").get<std::vector<std::int64_t>>())
        << table.specs()[i].name;
  }
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
PosterV2Config micro_config(const Freeze& freeze) {
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

struct Micro {
  LayerBench bench;
  PosterV2<double> network;
  explicit Micro(const Freeze& freeze = {}) : network(bench.table, micro_config(freeze)) {
    bench.start();
    bench.context().seed = 5;
  }
};

constexpr Freeze kFreezes[] = {{.landmarks = true, .ir50 = false},
                               {.landmarks = false, .ir50 = false},
                               {.landmarks = true, .ir50 = true},
                               {.landmarks = false, .ir50 = true}};

TEST(PosterV2, FreezingChoosesWhatIsTrained) {
  for (const Freeze& freeze : kFreezes) {
    ParameterTable table;
    PosterV2<float> network(table, micro_config(freeze));
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

void expect_central_differences(index_t batch, const Freeze& freeze) {
  Micro micro(freeze);
  micro.bench.context().drop_path_factors = [&](std::string_view module, int call, double rate) {
    std::vector<double> factors(static_cast<std::size_t>(batch), 1 / (1 - rate));
    if (batch > 1) factors[(module.size() + static_cast<std::size_t>(call)) % factors.size()] = 0;
    return factors;
  };
  micro.bench.check(
      {{batch, 37, 41, 3}},
      [&](auto& c, const Tensors& x) { return micro.network.forward(c, x[0], FrozenFeatures::compute); },
      [&](auto& c, const auto& dy) {
        micro.network.backward(c, dy);
        return Tensors{Tensor<double>()};
      },
      1e-6, 4, 1e-6);
}

TEST(PosterV2, GradientsOfTheWholeNetworkMatchCentralDifferences) {
  for (const index_t batch : {1, 3}) expect_central_differences(batch, {});
}

TEST(PosterV2, GradientsMatchCentralDifferencesWhenNothingIsFrozen) {
  expect_central_differences(2, {.landmarks = false, .ir50 = false});
}

TEST(PosterV2, GradientsMatchCentralDifferencesWhenBothBackbonesAreFrozen) {
  expect_central_differences(2, {.landmarks = true, .ir50 = true});
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

TEST(PosterV2, TheClassTokenAloneGivesTheSameLogitsAsAllTokens) {
  const auto logits = [](bool all_tokens) {
    Micro micro;
    auto& c = micro.bench.context();
    c.training = false;
    if (all_tokens)
      c.probe = [&](std::string_view stage, const Tensor<double>& t) {
        if (stage == "VIT.blocks.1") {
          EXPECT_EQ(t.shape()[1], 13);
        }
      };
    const auto images = test::random_values<double>(2 * 32 * 32 * 3, 3);
    std::vector<double> result;
    const auto pass = [&] {
      Tensor<double> x = c.tensor({2, 32, 32, 3});
      if (!c.arena.planning()) std::copy(images.begin(), images.end(), x.data());
      const Tensor<double> y = micro.network.forward(c, x, FrozenFeatures::compute);
      if (!c.arena.planning()) result.assign(y.data(), y.data() + y.count());
    };
    pass();
    c.arena.commit(c.device);
    pass();
    return result;
  };
  POSTER_EXPECT_CLOSE(logits(false), logits(true), 1e-12);
}

TEST(PosterV2, KeepingFrozenMapsEqualsComputingThemTwice) {
  for (const Freeze& freeze : kFreezes) {
    const Outcome twice = run_passes({FrozenFeatures::compute, FrozenFeatures::compute}, freeze);
    const Outcome once = run_passes({FrozenFeatures::compute_and_keep, FrozenFeatures::reuse}, freeze);
    EXPECT_EQ(once.logits, twice.logits) << freeze_name(freeze);
    EXPECT_EQ(once.gradients, twice.gradients) << freeze_name(freeze);
    EXPECT_EQ(once.statistics, twice.statistics) << freeze_name(freeze);
  }
}

TEST(PosterV2, LogitsAndStatisticsDoNotDependOnWhatIsFrozen) {
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
