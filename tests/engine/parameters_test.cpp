#include "engine/parameters.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/error.h"
#include "tests/support/buffers.h"

namespace poster {
namespace {

ParameterTable small_table() {
  ParameterTable table;
  table.add({.name = "conv.weight",
             .shape = {2, 3, 2, 2},
             .layout = Layout::conv,
             .initialiser = Initialiser::default_for_fan_in(12)});
  table.add({.name = "frozen.weight",
             .shape = {4, 1, 3, 3},
             .role = Role::frozen,
             .layout = Layout::depthwise,
             .initialiser = Initialiser::kaiming_normal(36)});
  table.add({.name = "bn.running_mean", .shape = {5}, .role = Role::statistic, .initialiser = {}});
  table.add({.name = "bn.num_batches_tracked", .shape = {}, .role = Role::counter, .initialiser = {}});
  table.add({.name = "dead", .shape = {7}, .role = Role::dead, .initialiser = Initialiser::constant(3)});
  table.add(
      {.name = "attn.relative_position_index", .shape = {4, 4}, .role = Role::constant, .initialiser = {}});
  return table;
}

NamedTensor counting(const std::string& name, const std::vector<std::int64_t>& shape) {
  NamedTensor tensor{name, DType::f32, shape, {}};
  tensor.data.resize(static_cast<std::size_t>(tensor.count()) * sizeof(float));
  for (std::int64_t i = 0; i < tensor.count(); ++i) tensor.as<float>()[i] = static_cast<float>(i);
  return tensor;
}

TEST(Parameters, ConvolutionWeightsLieKernelFirstInside) {
  Device device = Device::open("cpu", 1);
  Parameters<float> parameters(device, small_table());
  parameters.import_value(ParameterId(0), counting("conv.weight", {2, 3, 2, 2}).view());
  const float* w = parameters.value(ParameterId(0));
  for (int o = 0; o < 2; ++o)
    for (int i = 0; i < 3; ++i)
      for (int k = 0; k < 4; ++k) EXPECT_EQ(w[(o * 4 + k) * 3 + i], static_cast<float>((o * 3 + i) * 4 + k));
  parameters.import_value(ParameterId(1), counting("frozen.weight", {4, 1, 3, 3}).view());
  const float* d = parameters.value(ParameterId(1));
  for (int c = 0; c < 4; ++c)
    for (int k = 0; k < 9; ++k) EXPECT_EQ(d[k * 4 + c], static_cast<float>(c * 9 + k));
}

// small_table(): counters, dead tensors and constants lie on the host.
TEST(Parameters, ValuesAreOfWhatLiesOnTheDeviceAlone) {
  Device device = Device::open("cpu", 1);
  const Parameters<float> parameters(device, small_table());
  int on_host = 0;
  for (std::size_t row = 0; row < parameters.table().specs().size(); ++row) {
    const Role role = parameters.table().specs()[row].role;
    if (role == Role::trained || role == Role::frozen || role == Role::statistic) {
      EXPECT_NE(parameters.value(ParameterId(row)), nullptr);
    } else {
      EXPECT_THROW(parameters.value(ParameterId(row)), Error);
      ++on_host;
    }
  }
  EXPECT_EQ(on_host, 3);
  EXPECT_FALSE(ParameterId());
  EXPECT_EQ(parameters.value(ParameterId()), nullptr);
  EXPECT_EQ(parameters.gradient(ParameterId()), nullptr);
}

// Where products take 16 bits, their weights come first, and are not to be had in float.
TEST(Parameters, OperandsOfProductsAreReadIn16BitsAlone) {
  Device device = Device::open("cpu", 1);
  ParameterTable table;
  const auto add = [&](const std::string& name, std::int64_t size, Role role, bool product_operand) {
    return table.add(
        {.name = name, .shape = {size}, .role = role, .initialiser = {}, .product_operand = product_operand});
  };
  const ParameterId scale = add("scale", 3, Role::trained, false);
  const ParameterId weight = add("weight", 20, Role::trained, true);
  const ParameterId frozen = add("frozen", 5, Role::frozen, true);
  const Parameters<float> in_float(device, table);
  EXPECT_EQ(in_float.rounded_alone_count(), 0);
  EXPECT_EQ(in_float.value(scale), in_float.compute());
  EXPECT_EQ(in_float.value(weight), in_float.compute() + 16);

  Parameters<float> rounded(device, table, {.rounded = true});
  EXPECT_EQ(rounded.rounded_alone_count(), 32);
  EXPECT_EQ(rounded.trained_count(), 48);
  EXPECT_EQ(rounded.rounded_value(weight), rounded.rounded());
  EXPECT_THROW(rounded.value(weight), Error);
  EXPECT_EQ(rounded.value(scale), rounded.compute() + 32);
  EXPECT_EQ(rounded.value(frozen), rounded.compute() + 48);
  rounded.import_value(weight, counting("weight", {20}).view());
  EXPECT_EQ(static_cast<float>(rounded.rounded_value(weight)[19]), 19);
  EXPECT_EQ(rounded.export_value(weight).as<float>()[19], 19);
  rounded.prepare_training();
  EXPECT_EQ(rounded.export_value(weight).as<float>()[19], 19);
}

TEST(Parameters, StateDictGivesBackWhatWasSetInPyTorchsLayout) {
  Device device = Device::open("cpu", 1);
  Parameters<float> parameters(device, small_table());
  for (const ParameterId id : {ParameterId(0), ParameterId(1), ParameterId(2), ParameterId(4)})
    parameters.import_value(id, counting(parameters.table()[id].name, parameters.table()[id].shape).view());
  parameters.counter(ParameterId(3)) = 42;
  const auto state = parameters.state_dict();
  ASSERT_EQ(state.size(), 6u);
  for (const ParameterId id : {ParameterId(0), ParameterId(1), ParameterId(2), ParameterId(4)}) {
    EXPECT_EQ(state[id.row()].name, parameters.table()[id].name);
    EXPECT_EQ(state[id.row()].data, counting("", parameters.table()[id].shape).data) << id.row();
  }
  EXPECT_EQ(*state[3].as<std::int64_t>(), 42);
  EXPECT_EQ(state[5].as<std::int64_t>()[0 * 4 + 3], 0);  // query (0, 0), key (1, 1): the table's first row
  EXPECT_EQ(state[5].as<std::int64_t>()[3 * 4 + 0], 8);  // and its last
}

TEST(Parameters, AnotherShapeIsRefusedByName) {
  Device device = Device::open("cpu", 1);
  Parameters<float> parameters(device, small_table());
  try {
    parameters.import_value(ParameterId(0), counting("conv.weight", {2, 3, 2, 1}).view());
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("conv.weight"), std::string::npos);
  }
}

TEST(Parameters, WhatIsGivenIsNotDrawnAndTheRestAsEver) {
  Device device = Device::open("cpu", 3);
  Parameters<float> all(device, small_table()), some(device, small_table());
  all.initialise(1);
  const auto given = counting("", some.table()[ParameterId(0)].shape);
  some.import_value(ParameterId(0), given.view());
  const ParameterId ids[] = {ParameterId(0)};
  some.initialise(1, ids);
  EXPECT_EQ(some.export_value(ParameterId(0)).data, given.data);
  for (int id = 1; id < 6; ++id)
    EXPECT_EQ(some.export_value(ParameterId(id)).data, all.export_value(ParameterId(id)).data) << id;
}

TEST(Parameters, InitialisationDependsOnSeedAndNameAlone) {
  Device device = Device::open("cpu", 1);
  Parameters<float> a(device, small_table()), b(device, small_table()), other(device, small_table());
  a.initialise(1);
  b.initialise(1);
  other.initialise(2);
  EXPECT_EQ(a.export_value(ParameterId(0)).data, b.export_value(ParameterId(0)).data);
  EXPECT_NE(a.export_value(ParameterId(0)).data, other.export_value(ParameterId(0)).data);
  for (double v : to_doubles(a.export_value(ParameterId(0)))) EXPECT_LE(std::abs(v), 1 / std::sqrt(12.0));
  EXPECT_EQ(to_doubles(a.export_value(ParameterId(4))), std::vector<double>(7, 3));
}

TEST(Parameters, AnAscentChangesWhatForwardReadsAndNotWhatIsSaved) {
  Device device = Device::open("cpu", 1);
  Parameters<float> parameters(device, small_table());
  parameters.initialise(1);
  parameters.prepare_training();
  const auto before = parameters.export_value(ParameterId(0)).data;
  parameters.value(ParameterId(0))[0] += 1;
  EXPECT_EQ(parameters.export_value(ParameterId(0)).data, before);
}

TEST(ParameterTable, RefusesANameTwice) {
  ParameterTable table;
  table.add({.name = "a", .shape = {1}, .initialiser = {}});
  EXPECT_THROW(table.add({.name = "a", .shape = {1}, .initialiser = {}}), Error);
}

TEST(Parameters, FindsWhatIsNotFiniteInEveryArray) {
  Device device = Device::open("cpu", 1);
  Parameters<float> parameters(device, small_table());
  parameters.initialise(1);
  EXPECT_EQ(parameters.find_non_finite(), std::nullopt);
  parameters.prepare_training();
  EXPECT_EQ(parameters.find_non_finite(), std::nullopt);
  const struct {
    float* at;
    float value;
    const char* message;
  } cases[] = {
      {parameters.value(ParameterId(0)) + 23, NAN, "conv.weight is no number (NaN)"},
      {parameters.value(ParameterId(1)), -INFINITY, "frozen.weight is infinite"},
      {parameters.value(ParameterId(2)) + 4, INFINITY, "bn.running_mean is infinite"},
      {parameters.master(), INFINITY, "the weight conv.weight is infinite"},
      {parameters.moment1() + 5, NAN, "the first moment of conv.weight is no number (NaN)"},
      {parameters.moment2() + 23, INFINITY, "the second moment of conv.weight is infinite"},
  };
  for (const auto& each : cases) {
    const float before = *each.at;
    *each.at = each.value;
    EXPECT_EQ(parameters.find_non_finite(), each.message);
    *each.at = before;
  }
  *parameters.moment2() = 3e38f;  // large, and finite
  EXPECT_EQ(parameters.find_non_finite(), std::nullopt);
}

}  // namespace
}  // namespace poster
