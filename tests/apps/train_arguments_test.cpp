#include "apps/train/train_arguments.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "apps/train/train_options.h"
#include "engine/random.h"
#include "io/codec/image_reader.h"
#include "io/format/shell_line.h"
#include "model/network.h"
#include "tests/support/error_text.h"
#include "tests/support/made_images.h"
#include "tests/support/temporary_folder.h"

namespace poster {
namespace {

using test::error_of;
using test::expect_contains;

TrainOptions parsed(const std::vector<std::string>& words) {
  CLI::App app;
  TrainOptions options;
  add_train_options(app, options);
  std::vector<std::string> reversed(words.rbegin(), words.rend());
  app.parse(reversed);
  return options;
}

Settings settings_of(const std::string& recipe, const std::string& model = "poster-v2") {
  TrainOptions options;
  options.given.set("data", &Settings::data);
  options.given.set(recipe, &Settings::recipe, &io::Recipe::name);
  options.given.set(model, &Settings::model);
  return resolve_settings(options, nullptr);
}

// All but the initial weights, which a run sets.
void expect_round_trip(const Settings& settings) {
  Settings wanted = settings;
  wanted.initial_weights.clear();
  const auto words = train_arguments(settings);
  const Settings back = resolve_settings(parsed(words), nullptr);
  EXPECT_EQ(to_json(back), to_json(wanted)) << io::shell_line(words);
}

Settings odd_settings() {
  Settings s = settings_of("augmented");
  s.data = "-a \"strange\" 'folder' $HOME/기쁨\\";
  s.recipe.optimizer = "sgd";
  s.recipe.resize = io::ResizeMode::stretch;
  s.recipe.learning_rate = 0.1 + 0.2;
  s.recipe.gamma = 1;
  s.recipe.rho = 0;
  s.recipe.batch_size = 7;
  s.recipe.epochs = 1'000'000;
  s.recipe.flip_probability = 1.0 / 3;
  s.recipe.brightness = 5e-324;
  s.recipe.contrast = 10;
  s.recipe.saturation = 0;
  s.recipe.hue = 0.49999999999999994;
  s.recipe.rotation_degrees = 179.99999999999997;
  s.recipe.translation = 1e-300;
  s.recipe.erase_probability = 1;
  s.recipe.erase_area_min = 0.01;
  s.recipe.erase_area_max = 0.99;
  s.recipe.erase_aspect_min = 0.1 + 0.2;
  s.recipe.erase_aspect_max = 1000;
  s.recipe.flip_or_noise_probability = 0.1;
  s.recipe.noise_deviation = 5;
  s.recipe.label_smoothing = 1e-9;
  s.recipe.loss_weight = 3;
  s.recipe.size = 448;
  s.recipe.balanced_sampler = true;
  s.weight_decay = 1e-4;
  s.momentum = 0.9;
  s.seed = ~std::uint64_t{0};
  s.freeze = {.landmarks = false, .ir50 = true};
  s.precision = Precision::float16;
  s.split = "test";
  s.skip_bad = 3;
  s.drop_last = true;
  s.classes = {"-happy", "기쁨", "a b", "\"q\"", "it's", "<script>", "%%", "{}", "a]", "--epochs"};
  return s;
}

// What programs that this one starts would see is what the driver sees.
TEST(TrainArguments, AGpuIsCountedAsNvidiaSmiCounts) {
  const auto seen = [] {
    return std::system("test \"$CUDA_DEVICE_ORDER $CUDA_VISIBLE_DEVICES\" = 'PCI_BUS_ID 3'");
  };
  ::unsetenv("CUDA_DEVICE_ORDER");
  choose_gpu("");
  EXPECT_NE(seen(), 0);
  choose_gpu("3");
  EXPECT_EQ(seen(), 0);
  ::unsetenv("CUDA_DEVICE_ORDER");
  ::unsetenv("CUDA_VISIBLE_DEVICES");
}

TEST(TrainArguments, EveryRecipeAndModelComesBack) {
  for (const std::string& recipe : io::recipe_names())
    for (const ModelInfo& model : models()) expect_round_trip(settings_of(recipe, model.name));
}

TEST(ResolveSettings, AnotherRecipeHasTheModelsValues) {
  const Settings base = settings_of("augmented", "poster-v2-tiny");
  TrainOptions options;
  options.given.set("plain", &Settings::recipe, &io::Recipe::name);
  const Settings resumed = resolve_settings(options, &base);
  EXPECT_EQ(to_json(resumed), to_json(settings_of("plain", "poster-v2-tiny")));
  EXPECT_EQ(resumed.recipe.batch_size, 8);
  EXPECT_EQ(resumed.recipe.learning_rate, 3e-4);
}

TEST(TrainArguments, OddValuesComeBack) { expect_round_trip(odd_settings()); }

TEST(TrainArguments, EachSettingAloneComesBack) {
  const nlohmann::ordered_json usual = to_json(settings_of("plain")), odd = to_json(odd_settings());
  int changed = 0;
  const auto with = [&](const nlohmann::ordered_json& json) {
    ++changed;
    expect_round_trip(settings_from_json(json));
  };
  for (const auto& [key, value] : odd.items()) {
    if (key == "recipe" || value == usual.at(key)) continue;
    auto json = usual;
    json[key] = value;
    with(json);
  }
  for (const auto& [key, value] : odd.at("recipe").items()) {
    if (key == "name" || value == usual.at("recipe").at(key)) continue;
    auto json = usual;
    json["recipe"][key] = value;
    with(json);
  }
  EXPECT_EQ(changed, 34);
}

TEST(TrainArguments, AnyDoubleComesBack) {
  RandomStream random(1, RandomPurpose::test);
  Settings s = settings_of("plain");
  // Their shortest texts become their neighbours by way of a long double.
  for (const double value : {6.0310203411220646e-06, 7.2794093908059236e-06, 7.3468559657303086e-06}) {
    s.recipe.learning_rate = value;
    expect_round_trip(s);
  }
  for (int i = 0; i < 20000; ++i) {
    std::uint64_t bits = std::uint64_t{random.below(1u << 31)} << 32 | random.below(~0u);
    std::memcpy(&s.recipe.learning_rate, &bits, sizeof bits);
    if (!std::isfinite(s.recipe.learning_rate) || s.recipe.learning_rate <= 0) continue;
    const auto words = train_arguments(s);
    ASSERT_EQ(*parsed(words).given.get(&Settings::recipe, &io::Recipe::learning_rate), s.recipe.learning_rate)
        << io::shell_line(words);
    if (i > 300) i += 19;  // parsing is slow
  }
}

TEST(TrainArguments, ViewsComeBack) {
  const test::TemporaryFolder folder;
  io::write_image(folder / "tex ture.png", test::made_image(1));
  Settings s = settings_of("raf-db");
  s.view.view = io::View::lower;
  s.view.eye_line = 0.47;
  s.view.margin = 0.2;
  s.view.detector = "cascade";
  for (const auto resize : {io::ResizeMode::stretch, io::ResizeMode::keep_ratio}) {
    s.recipe.resize = resize;
    expect_round_trip(s);
  }
  s.view = {};
  s.view.view = io::View::headset;
  expect_round_trip(s);
  s.view.headset_width = 2;
  s.view.headset_height = 0.5;
  s.view.headset_rotation = -3.25;
  s.view.headset_colour = {1, 2, 255};
  s.view.headset_mix = 0.25;
  s.view.seed = ~std::uint64_t{0};
  expect_round_trip(s);
  s.view.headset_colour = {0, 0, 0};
  s.view.headset_texture = folder / "tex ture.png";
  s.view.headset_texture_checksum = io::texture_checksum(s.view.headset_texture);
  expect_round_trip(s);
  s.view.headset_texture = "gone.png";  // isn't read when the flags are made
  EXPECT_FALSE(train_arguments(s).empty());
}

TEST(TrainArguments, NamesThatNoFlagGivesAreLeftToTheFolders) {
  Settings s = settings_of("plain");
  s.classes = {"a,b", "c"};
  const auto words = train_arguments(s);
  EXPECT_EQ(std::count(words.begin(), words.end(), "--classes"), 0);
  s.classes = {"c", "a,b"};
  expect_contains(error_of([&] { train_arguments(s); }), "--classes");
}

TEST(TrainArguments, SaysWhatNoFlagGives) {
  Settings s = settings_of("plain");
  s.recipe.name = "forgotten";
  expect_contains(error_of([&] { train_arguments(s); }), "forgotten");
}

TEST(TrainArguments, NamesTheFilesThatTheRunBeganWith) {
  Settings s = settings_of("plain");
  s.initial_weights = {"ir50 304/304 tensors my ir50.pth xxh64:0123456789abcdef",
                       "landmarks 330/333 tensors mobile.pth xxh64:0123456789abcdef"};
  InitialWeightsOptions weights = parsed(train_arguments(s)).weights;
  EXPECT_EQ(weights.ir50, "my ir50.pth");
  EXPECT_EQ(weights.landmarks, "mobile.pth");
  EXPECT_TRUE(weights.allow_partial);
  expect_round_trip(s);
  s.initial_weights = {"network 3/5 tensors (missing (2): a, b/c) net.pth xxh64:0123456789abcdef"};
  weights = parsed(train_arguments(s)).weights;
  EXPECT_EQ(weights.network, "net.pth");
  EXPECT_TRUE(weights.allow_partial);
  s.initial_weights = {"network 5/5 tensors net (1).pth xxh64:0123456789abcdef"};
  weights = parsed(train_arguments(s)).weights;
  EXPECT_EQ(weights.network, "net (1).pth");
  EXPECT_FALSE(weights.allow_partial);
}

TEST(ShellLine, BashGivesTheWordsBack) {
  const std::vector<std::string> words = {"plain-1_2.3/x:y@z%",
                                          "two words",
                                          "it's",
                                          "\"q\"",
                                          "$HOME `id` $(id)",
                                          "",
                                          "line\nbreak\ttab'quote",
                                          "\xff\xfe a",
                                          "기쁨",
                                          "*",
                                          "\\x\\",
                                          "!",
                                          "a\x01"
                                          "b\\'c"};
  const std::string command = "bash -c " + io::shell_line({"printf '%s\\0' " + io::shell_line(words)});
  FILE* pipe = popen(command.c_str(), "r");
  std::string output;
  for (int letter; (letter = std::fgetc(pipe)) != EOF;) output += static_cast<char>(letter);
  EXPECT_EQ(pclose(pipe), 0);
  std::string wanted;
  for (const std::string& word : words) wanted += word + '\0';
  EXPECT_EQ(output, wanted) << command;
  EXPECT_EQ(io::shell_line(words).find('\n'), std::string::npos);
}

}  // namespace
}  // namespace poster
