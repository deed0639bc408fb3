// Matching foreign tensors with a network's: names, spellings, shapes, and that nothing is dropped in
// silence.
#include "model/weights.h"

#include <gtest/gtest.h>

#include <cmath>
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

// One prefix before all names is taken off, whatever it is, and wrappers' parts wherever they stand.
TEST(Weights, AnyCommonPrefixIsTakenOffAndSaid) {
  const ParameterTable table = table_of("poster-v2-tiny");
  const ParameterTable full = table_of(kModel);
  for (const std::string prefix :
       {"_orig_mod.", "module._orig_mod.", "_orig_mod.module.", "model.", "net.", "backbone.", "ema.",
        "_forward_module.", "module.model._orig_mod.", "my.own.wrapper.", "VIT.", "ir_back."}) {
    const MemorySource whole = source_of(table, [&](const std::string& name) { return prefix + name; });
    const auto match = match_weights(table, whole, WeightsPart::whole);
    EXPECT_TRUE(match.complete()) << prefix << match.shortcomings();
    EXPECT_EQ(match.matched(), std::ssize(table.specs())) << prefix;
    EXPECT_EQ(match.remarks(), "names without \"" + prefix + "\"");
    for (const auto& pair : match.pairs)
      EXPECT_EQ(prefix + table[pair.parameter].name, whole.entries()[pair.entry].name);
    const auto detected = detect_model(whole);
    ASSERT_TRUE(detected) << prefix;
    EXPECT_EQ(detected->model, "poster-v2-tiny");

    const MemorySource ir50 = source_of(full, only("ir_back.", prefix)),
                       v1 = source_of(full,
                                      [&](const std::string&name) {
                                        const std::string other = v1_name(name);
                                        return other.empty() ? other : prefix + other;
                                      }),
                       inside = source_of(full, [&](const std::string&name) { return prefix + name; });
    for (const MemorySource* source : {&ir50, &v1, &inside}) {
      const auto backbone = match_weights(full, *source, WeightsPart::ir50);
      EXPECT_TRUE(backbone.complete()) << prefix << backbone.shortcomings();
      EXPECT_EQ(backbone.summary(), "304/304 tensors");
      EXPECT_TRUE(backbone.beside.empty());
    }
    const MemorySource landmarks = source_of(full, only("face_landback.", prefix));
    EXPECT_EQ(match_weights(full, landmarks, WeightsPart::landmarks).summary(), "333/333 tensors");
  }
  const MemorySource usual = source_of(table, [](const std::string& name) { return "module." + name; });
  EXPECT_EQ(match_weights(table, usual, WeightsPart::whole).remarks(), "");
}

TEST(Weights, PartsThatWereWrappedAloneFindTheirPlace) {
  const ParameterTable table = table_of("poster-v2-tiny");
  const MemorySource source = source_of(table, [](const std::string& name) {
    return name.starts_with("VIT.")       ? "VIT._orig_mod." + name.substr(4)
           : name.starts_with("ir_back.") ? "ir_back.module." + name.substr(8)
                                          : name;
  });
  const auto match = match_weights(table, source, WeightsPart::whole);
  EXPECT_TRUE(match.complete()) << match.shortcomings();
  EXPECT_EQ(match.matched(), std::ssize(table.specs()));
  EXPECT_TRUE(detect_model(source));
}

// What lies beside the network under another prefix is said; of two sets the one that is no average is taken.
TEST(Weights, WhatStandsBesideTheNetworkIsSaidNotTaken) {
  const ParameterTable table = table_of("poster-v2-tiny");
  for (const std::string prefix : {"", "model."}) {
    std::vector<NamedTensor> tensors;
    for (const char* other : {"ema_model.module.", ""})  // the average comes first
      for (const ParameterSpec& spec : table.specs())
        tensors.push_back({(*other ? other : prefix) + spec.name, DType::f32, spec.shape, {}});
    if (!prefix.empty()) tensors.push_back({"criterion.weight", DType::f32, {3}, {}});
    const MemorySource source(tensors);
    const auto match = match_weights(table, source, WeightsPart::whole);
    EXPECT_TRUE(match.complete()) << match.shortcomings();
    EXPECT_EQ(match.matched(), std::ssize(table.specs()));
    for (const auto& pair : match.pairs)
      EXPECT_EQ(source.entries()[pair.entry].name, prefix + table[pair.parameter].name);
    EXPECT_EQ(match.beside.size(), table.specs().size() + (prefix.empty() ? 0 : 1));
    EXPECT_NE(match.remarks().find("beside the network, not taken"), std::string::npos) << match.remarks();
  }
  // A swa_utils.AveragedModel alone.
  std::vector<NamedTensor> tensors{{"n_averaged", DType::i64, {}, {}}};
  for (const ParameterSpec& spec : table.specs())
    tensors.push_back({"module." + spec.name, DType::f32, spec.shape, {}});
  const auto match = match_weights(table, MemorySource(tensors), WeightsPart::whole);
  EXPECT_TRUE(match.complete()) << match.shortcomings();
  EXPECT_EQ(match.remarks(), "beside the network, not taken (1): n_averaged");
  // Without a prefix a stray tensor is no network's.
  tensors.clear();
  for (const ParameterSpec& spec : table.specs()) tensors.push_back({spec.name, DType::f32, spec.shape, {}});
  tensors.push_back({"stray", DType::f32, {1}, {}});
  EXPECT_EQ(match_weights(table, MemorySource(tensors), WeightsPart::whole).left_over,
            std::vector<std::string>{"stray"});
}

TEST(Weights, WhatNoResultDependsOnMayBeAbsent) {
  const ParameterTable table = table_of(kModel);
  std::size_t left_out = 0;
  const auto keep = [&](const ParameterSpec& spec) {
    return spec.role != Role::dead && (spec.role != Role::counter || spec.name.starts_with("ir_back."));
  };
  std::vector<NamedTensor> tensors;
  for (const ParameterSpec& spec : table.specs())
    keep(spec) ? tensors.push_back({spec.name, DType::f32, spec.shape, {}}) : void(++left_out);
  ASSERT_GT(left_out, 0u);
  auto match = match_weights(table, MemorySource(tensors), WeightsPart::whole);
  EXPECT_TRUE(match.complete()) << match.shortcomings();
  EXPECT_EQ(match.absent.size(), left_out);
  EXPECT_NE(match.remarks().find("no result depends on them (" + std::to_string(left_out) + "): "),
            std::string::npos)
      << match.remarks();
  tensors.erase(tensors.begin());
  match = match_weights(table, MemorySource(tensors), WeightsPart::whole);
  EXPECT_EQ(match.missing.size(), 1 + left_out);
  EXPECT_EQ(match.expected, std::ssize(table.specs()));
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
  EXPECT_EQ(to_doubles(parameters.export_value(ParameterId(0))),
            (std::vector<double>{1, -2, 0x1p-24, 65504}));
  EXPECT_EQ(parameters.counter(ParameterId(1)), count);
}

// Each of these would make wrong results without a word.
TEST(Weights, ValuesThatNoNetworkCanHaveAreRefusedByName) {
  Device device = Device::open("cpu", 1);
  ParameterTable table;
  table.add({.name = "a.weight", .shape = {2}, .initialiser = {}});
  table.add({.name = "a.running_var", .shape = {2}, .role = Role::statistic, .initialiser = {}});
  table.add({.name = "a.count", .shape = {}, .role = Role::counter, .initialiser = {}});
  table.add({.name = "dead", .shape = {2}, .role = Role::dead, .initialiser = {}});
  Parameters<float> parameters(device, table);
  const auto load = [&](const std::string& name, DType dtype, const auto& values) {
    NamedTensor tensor{name, dtype, {}, std::vector<std::byte>(sizeof values)};
    if (name != "a.count") tensor.shape = {2};
    std::memcpy(tensor.data.data(), &values, sizeof values);
    const MemorySource source({std::move(tensor)});
    try {
      load_matched(parameters, source, match_weights(table, source, WeightsPart::whole));
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  const float nan[2] = {1, NAN}, infinite[2] = {-INFINITY, 1}, negative[2] = {1, -1e-3f}, sound[2] = {1, 0};
  const double large[2] = {1e39, 1};
  const std::int32_t whole[2] = {1, 2};
  const std::uint8_t truth[2] = {1, 0};
  const std::uint16_t half[2] = {0x7C00, 0};  // infinite
  const std::pair<std::string, std::string> cases[] = {
      {load("a.weight", DType::f32, nan), "tensor a.weight is no number (NaN) in 1 of its 2 places"},
      {load("a.weight", DType::f32, infinite), "is infinite"},
      {load("a.weight", DType::f16, half), "is infinite"},
      {load("a.weight", DType::f64, large), "too large for a float"},
      {load("a.weight", DType::i32, whole), "is of type I32"},
      {load("a.weight", DType::boolean, truth), "is of type BOOL"},
      {load("a.running_var", DType::f32, negative), "tensor a.running_var is negative in 1 of its 2 places"},
      {load("a.count", DType::f32, 1.5f), "a.count counts batches"},
      {load("a.count", DType::i64, std::int64_t{-1}), "a.count counts batches"},
      {load("a.count", DType::f64, double{NAN}), "a.count counts batches"}};
  for (const auto& [message, part] : cases) {
    EXPECT_TRUE(message.starts_with("memory: ")) << message;
    EXPECT_NE(message.find(part), std::string::npos) << message << " instead of " << part;
  }
  EXPECT_EQ(load("a.weight", DType::f32, negative), "");
  EXPECT_EQ(load("a.running_var", DType::f32, sound), "");
  EXPECT_EQ(load("a.count", DType::f32, 3.f), "");
  EXPECT_EQ(load("dead", DType::f32, nan), "");
}

}  // namespace
}  // namespace poster
