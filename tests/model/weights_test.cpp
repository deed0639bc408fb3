// Matching foreign tensors with a network's: names, spellings, shapes, and that nothing is dropped in
// silence.
#include "model/weights.h"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>

#include "engine/device.h"
#include "engine/error.h"
#include "model/ir50_names.h"
#include "model/network.h"
#include "tests/support/memory_source.h"

namespace poster {
namespace {

using test::MemorySource;
using Rename = std::function<std::string(const std::string&)>;  // "": left out

constexpr int kOutputs = 3;
const char* const kModel = "poster-v2";

ParameterTable table_of(const std::string& model, std::int64_t outputs = kOutputs) {
  ParameterTable table;
  make_network<float>(model, outputs, table);
  return table;
}

// Tensors of the network under other names. No elements: matching looks at names and shapes.
MemorySource source_of(const ParameterTable& table, const Rename& rename) {
  std::vector<NamedTensor> tensors;
  for (const ParameterSpec& spec : table.specs())
    if (std::string name = rename(spec.name); !name.empty())
      tensors.push_back({std::move(name), DType::f32, spec.shape, {}});
  return MemorySource(std::move(tensors));
}

Rename only(const std::string& prefix, const std::string& instead) {
  return [=](const std::string& name) {
    return name.starts_with(prefix) ? instead + name.substr(prefix.size()) : std::string();
  };
}

// POSTER V1's spelling, with offsets as reference.md has them.
std::string v1_name(const std::string& name) {
  constexpr int kFirst[] = {0, 3, 7};
  if (!name.starts_with("ir_back.")) return "";
  const std::string rest = name.substr(8);
  if (!rest.starts_with("body")) return rest;
  const auto dot = rest.find('.', 6);
  return "body." + std::to_string(kFirst[rest[4] - '1'] + std::stoi(rest.substr(6))) + rest.substr(dot);
}

TEST(Weights, BothBackbonesMatchCompletely) {
  const ParameterTable table = table_of(kModel);
  const auto ir50 = match_weights(table, source_of(table, only("ir_back.", "")), WeightsPart::ir50);
  EXPECT_TRUE(ir50.complete()) << ir50.shortcomings();
  EXPECT_EQ(ir50.summary(), "304/304 tensors");
  const auto landmarks =
      match_weights(table, source_of(table, only("face_landback.", "module.")), WeightsPart::landmarks);
  EXPECT_TRUE(landmarks.complete()) << landmarks.shortcomings();
  EXPECT_EQ(landmarks.summary(), "333/333 tensors");
}

TEST(Weights, EachTensorOfV1sSpellingFindsItsPlace) {
  const ParameterTable table = table_of(kModel);
  const MemorySource source = source_of(table, v1_name);
  const auto match = match_weights(table, source, WeightsPart::ir50);
  EXPECT_TRUE(match.complete()) << match.shortcomings();
  EXPECT_EQ(match.summary(), "304/304 tensors");
  for (const auto& pair : match.pairs)
    EXPECT_EQ(source.entries()[pair.entry].name, v1_name(table[pair.parameter].name));
}

// POSTER V1 has its own spelling, and takes POSTER V2's files.
TEST(Weights, V1TakesBackbonesInBothSpellings) {
  const ParameterTable table = table_of("poster-v1-small"), v2 = table_of(kModel);
  const MemorySource own = source_of(v2, v1_name), staged = source_of(v2, only("ir_back.", ""));
  for (const MemorySource* source : {&own, &staged}) {
    const auto match = match_weights(table, *source, WeightsPart::ir50);
    EXPECT_TRUE(match.complete()) << match.shortcomings();
    EXPECT_EQ(match.summary(), "304/304 tensors");
    // Each where the spelling says: the units' names in a single list.
    for (const auto& pair : match.pairs)
      EXPECT_EQ(table[pair.parameter].name, "ir_back." + own.entries()[pair.entry].name);
  }
  const auto landmarks =
      match_weights(table, source_of(v2, only("face_landback.", "")), WeightsPart::landmarks);
  EXPECT_EQ(landmarks.summary(), "333/333 tensors");
  const MemorySource whole = source_of(table, [](const std::string& name) { return "module." + name; });
  EXPECT_EQ(match_weights(table, whole, WeightsPart::whole).summary(), "981/981 tensors");
  EXPECT_EQ(match_weights(table, whole, WeightsPart::ir50).summary(), "304/304 tensors");
  // Of a whole IR50, the units behind the network's have no place.
  std::vector<NamedTensor> tensors;
  for (int unit = 20; unit < 24; ++unit)
    tensors.push_back({"body." + std::to_string(unit) + ".res_layer.0.weight", DType::f32, {256}, {}});
  const auto match = match_weights(table, MemorySource(tensors), WeightsPart::ir50);
  EXPECT_EQ(match.matched(), 1);
  EXPECT_EQ(match.unused.size(), 3u);
}

TEST(Weights, TheFourthStageOfAWholeIr50IsKnownToHaveNoPlace) {
  const ParameterTable table = table_of(kModel);
  std::vector<NamedTensor> tensors;
  for (const ParameterSpec& spec : table.specs())
    if (const std::string name = v1_name(spec.name); !name.empty())
      tensors.push_back({name, DType::f32, spec.shape, {}});
  for (int unit = 21; unit < 25; ++unit)
    tensors.push_back({"body." + std::to_string(unit) + ".res_layer.0.weight", DType::f32, {512}, {}});
  const auto match = match_weights(table, MemorySource(tensors), WeightsPart::ir50);
  EXPECT_EQ(match.summary(), "304/304 tensors");
  EXPECT_EQ(match.unused.size(), 3u);
  EXPECT_EQ(match.left_over, std::vector<std::string>{"body.24.res_layer.0.weight"});
}

TEST(Weights, ABackboneIsTakenOutOfAWholeNetwork) {
  const ParameterTable table = table_of(kModel);
  const MemorySource whole = source_of(table, [](const std::string& name) { return "module." + name; });
  EXPECT_EQ(match_weights(table, whole, WeightsPart::ir50).summary(), "304/304 tensors");
  EXPECT_EQ(match_weights(table, whole, WeightsPart::landmarks).summary(), "333/333 tensors");
  const auto match = match_weights(table, whole, WeightsPart::whole);
  EXPECT_TRUE(match.complete()) << match.shortcomings();
  EXPECT_EQ(match.summary(), "747/747 tensors");
}

TEST(Weights, WhatIsMissingLeftOverOrOfAnotherShapeIsNamed) {
  const ParameterTable table = table_of(kModel);
  std::vector<NamedTensor> tensors;
  for (const ParameterSpec& spec : table.specs()) {
    if (!spec.name.starts_with("ir_back.")) continue;
    std::string name = spec.name.substr(8);
    if (name == "body2.1.res_layer.2.weight") continue;
    auto shape = spec.shape;
    if (name == "body3.13.res_layer.3.weight") shape[0] = 255;
    tensors.push_back({name, DType::f32, shape, {}});
  }
  tensors.push_back({"body2.9.res_layer.2.weight", DType::f32, {128}, {}});
  tensors.push_back({"module.input_layer.0.weight", DType::f32, {64, 3, 3, 3}, {}});
  const auto match = match_weights(table, MemorySource(tensors), WeightsPart::ir50);
  EXPECT_FALSE(match.complete());
  EXPECT_EQ(match.summary(), "302/304 tensors");
  EXPECT_EQ(match.missing, std::vector<std::string>{"ir_back.body2.1.res_layer.2.weight"});
  EXPECT_EQ(match.left_over, (std::vector<std::string>{
                                 "body2.9.res_layer.2.weight",
                                 "module.input_layer.0.weight (a second ir_back.input_layer.0.weight)"}));
  ASSERT_EQ(match.mismatched.size(), 1u);
  EXPECT_EQ(match.mismatched[0],
            "body3.13.res_layer.3.weight is [255, 256, 3, 3] in the file, [256, 256, 3, 3] in the network");
  for (const char* part : {"missing (1)", "left over (2)", "of another shape (1)", "body2.9"})
    EXPECT_NE(match.shortcomings().find(part), std::string::npos) << match.shortcomings();
  EXPECT_NE(match.shortcomings(1).find("and 1 more"), std::string::npos);
}

TEST(Weights, FilesWithoutCountersAreComplete) {
  const ParameterTable table = table_of(kModel);
  const auto match = match_weights(table,
                                   source_of(table,
                                             [](const std::string& name) {
                                               const bool counter =
                                                   name.ends_with(".num_batches_tracked") ||
                                                   name.ends_with(".relative_position_index");
                                               return counter ? std::string() : name;
                                             }),
                                   WeightsPart::whole);
  EXPECT_TRUE(match.complete()) << match.shortcomings();
  EXPECT_LT(match.expected, 747);
  EXPECT_EQ(match.matched(), match.expected);
}

TEST(Weights, AHeadCanBeLeftAlone) {
  const ParameterTable table = table_of("poster-v2-tiny", 5);
  const ParameterTable other = table_of("poster-v2-tiny", 7);
  const MemorySource source = source_of(other, [](const std::string& name) { return name; });
  EXPECT_EQ(match_weights(table, source, WeightsPart::whole).mismatched.size(), 2u);
  const auto match = match_weights(table, source, WeightsPart::whole, "VIT.head.linear.");
  EXPECT_TRUE(match.complete()) << match.shortcomings();
  EXPECT_EQ(match.matched() + 2, static_cast<std::int64_t>(table.specs().size()));
}

TEST(Weights, TheModelAndItsOutputsAreSeenFromTheTensors) {
  for (const char* model : {"poster-v2", "poster-v2-tiny", "poster-v1-small", "poster-v1-base",
                            "poster-v1-large", "poster-v1-tiny"}) {
    const ParameterTable table = table_of(model, 7);
    int count = 0;
    const auto detected = detect_model(source_of(
        table, [&](const std::string& name) { return ++count == 5 ? std::string() : "module." + name; }));
    ASSERT_TRUE(detected) << model;
    EXPECT_EQ(detected->model, model);
    EXPECT_EQ(detected->outputs, 7);
    EXPECT_EQ(detected->match.missing.size(), 1u);
  }
  const ParameterTable table = table_of(kModel);
  EXPECT_FALSE(detect_model(source_of(table, only("ir_back.", ""))));
}

TEST(Weights, SettingConvertsOtherTypes) {
  Device device = Device::open("cpu", 1);
  ParameterTable table;
  table.add({.name = "a", .shape = {2, 2}, .initialiser = {}});
  table.add({.name = "n", .shape = {}, .role = Role::counter, .initialiser = {}});
  Parameters<float> parameters(device, table);
  const auto tensor = [](const std::string& name, DType dtype, std::vector<std::int64_t> shape,
                         const auto& values) {
    NamedTensor t{name, dtype, std::move(shape), std::vector<std::byte>(sizeof values)};
    std::memcpy(t.data.data(), &values, sizeof values);
    return t;
  };
  const std::uint16_t halves[4] = {0x3C00, 0xC000, 0x0001, 0x7BFF};  // 1, -2, 2^-24, 65504
  const std::int64_t count = 9'007'199'254'740'993;                  // no double
  const MemorySource source({tensor("a", DType::f16, {2, 2}, halves), tensor("n", DType::i64, {}, count)});
  load_matched(parameters, source, match_weights(table, source, WeightsPart::whole));
  EXPECT_EQ(to_doubles(parameters.export_value(0)), (std::vector<double>{1, -2, 0x1p-24, 65504}));
  EXPECT_EQ(parameters.counter(1), count);
}

}  // namespace
}  // namespace poster
