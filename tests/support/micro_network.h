// Tests that hold for every network, at a size that central differences can go through.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "model/network.h"
#include "tests/support/layer_gradient.h"

namespace poster::test {

inline constexpr Freeze kFreezes[] = {{.landmarks = true, .ir50 = false},
                                      {.landmarks = false, .ir50 = false},
                                      {.landmarks = true, .ir50 = true},
                                      {.landmarks = false, .ir50 = true}};

// The table's names and shapes, in its order, are those of a golden case's manifest.
inline void expect_manifest(const ParameterTable& table, const std::string& golden, std::size_t tensors) {
  std::ifstream stream(POSTER_TEST_DATA "/golden/" + golden + ".manifest.json");
  const auto manifest = nlohmann::json::parse(stream).at("tensors");
  ASSERT_EQ(table.specs().size(), tensors);
  ASSERT_EQ(manifest.size(), tensors);
  for (std::size_t i = 0; i < manifest.size(); ++i) {
    EXPECT_EQ(table.specs()[i].name, manifest[i].at("name").get<std::string>());
    EXPECT_EQ(table.specs()[i].shape, manifest[i].at("shape").get<std::vector<std::int64_t>>())
        << table.specs()[i].name;
  }
}

// NETWORK with a configuration for images of 32 x 32 and three outputs.
template <template <typename> typename NETWORK, typename Config>
class MicroNetwork {
 public:
  using MakeConfig = Config (*)(const Freeze&);

  explicit MicroNetwork(MakeConfig make_config, const Freeze& freeze = {})
      : network(bench.table, make_config(freeze)) {
    bench.start();
    bench.context().pass.seed = 5;
  }

  LayerBench bench;
  NETWORK<double> network;

  using Factors = std::function<std::vector<double>(std::string_view module, int call, double rate)>;
  struct Differences {
    index_t batch;
    double tolerance;
    std::size_t elements;  // that are looked at of each tensor
    Freeze freeze = {};
  };
  static void expect_central_differences(MakeConfig make_config, const Differences& d,
                                         const Factors& drop_path_factors) {
    MicroNetwork micro(make_config, d.freeze);
    micro.bench.hooks().drop_path_factors = drop_path_factors;
    micro.bench.check(
        {{d.batch, 37, 41, 3}},
        [&](auto& c, const LayerBench::Tensors& x) {
          return micro.network.forward(c, x[0], FrozenFeatures::compute);
        },
        [&](auto& c, const auto& dy) {
          micro.network.backward(c, dy);
          return LayerBench::Tensors{Tensor<double>()};
        },
        d.tolerance, d.elements, 1e-6);
  }

  // Logits of the last of some passes, all gradients, and what batch norms have counted.
  struct Outcome {
    std::vector<double> logits, gradients, statistics;
  };
  Outcome run(const std::vector<FrozenFeatures>& passes) {
    auto& c = bench.context();
    const auto images = random_values<double>(2 * 32 * 32 * 3, 3);
    const auto dlogits = random_values<double>(2 * 3, 4);
    Outcome outcome;
    const auto all = [&] {
      for (const FrozenFeatures frozen : passes) {
        Tensor<double> x = c.tensor({2, 32, 32, 3});
        if (!c.planning()) std::copy(images.begin(), images.end(), x.data());
        Tensor<double> y = network.forward(c, x, frozen);
        Tensor<double> dy = c.tensor({2, 3});
        if (!c.planning()) {
          outcome.logits.assign(y.data(), y.data() + y.count());
          std::copy(dlogits.begin(), dlogits.end(), dy.data());
        }
        network.backward(c, dy);
      }
    };
    test::plan(c, all);
    all();
    auto& p = bench.parameters();
    outcome.gradients.assign(p.gradient(), p.gradient() + p.trained_count());
    const auto& specs = p.table().specs();
    for (std::size_t id = 0; id < specs.size(); ++id)
      if (specs[id].role == Role::statistic || specs[id].role == Role::counter)
        for (double v : to_doubles(p.export_value(static_cast<ParameterId>(id))))
          outcome.statistics.push_back(v);
    return outcome;
  }

  static void expect_keeping_frozen_maps_equals_computing_them_twice(MakeConfig make_config) {
    for (const Freeze& freeze : kFreezes) {
      const auto twice =
          MicroNetwork(make_config, freeze).run({FrozenFeatures::compute, FrozenFeatures::compute});
      const auto once =
          MicroNetwork(make_config, freeze).run({FrozenFeatures::compute_and_keep, FrozenFeatures::reuse});
      EXPECT_EQ(once.logits, twice.logits) << freeze_name(freeze);
      EXPECT_EQ(once.gradients, twice.gradients) << freeze_name(freeze);
      EXPECT_EQ(once.statistics, twice.statistics) << freeze_name(freeze);
    }
  }

  static void expect_logits_and_statistics_whatever_is_frozen(MakeConfig make_config) {
    const std::vector<FrozenFeatures> pass{FrozenFeatures::compute};
    const auto all = MicroNetwork(make_config, {.landmarks = false, .ir50 = false}).run(pass);
    for (const Freeze& freeze : kFreezes) {
      const auto some = MicroNetwork(make_config, freeze).run(pass);
      EXPECT_EQ(some.logits, all.logits) << freeze_name(freeze);
      EXPECT_EQ(some.statistics, all.statistics) << freeze_name(freeze);
    }
  }
};

}  // namespace poster::test
