// Files of earlier versions, as these wrote them: docs/versions.md promises that they are read. A release
// adds a folder to tests/data/earlier.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/program.h"
#include "tests/support/rewritten_checkpoint.h"

namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using poster::test::CheckpointParts;
using poster::test::Outcome;

const fs::path kEarlier = POSTER_TEST_DATA "/earlier/0.1.0";

class EarlierFilesTest : public poster::test::ProgramTest {
 protected:
  EarlierFilesTest() : ProgramTest("poster_train"), root_(folder_.path()) {}

  static ordered_json json(const fs::path& path) {
    std::ifstream stream(path);
    EXPECT_TRUE(stream) << path;
    return ordered_json::parse(stream);
  }

  // Trains a network with `flags` and goes on with the metadata of the earlier version in place of its own;
  // returns the settings in run.json.
  ordered_json settings_after_resuming(const std::string& flags,
                                       const std::function<void(CheckpointParts&)>& change) const {
    make_once("faces", "poster_samples", "--out faces --per-class 4 --size 64 --seed 1");
    const Outcome trained =
        run("--data faces --model poster-v2-tiny --batch-size 4 --drop-last --epochs 1 --out run " + flags);
    EXPECT_EQ(trained.exit_code, 0) << trained.errors;
    poster::test::rewrite_checkpoint(root_ / "run/last.safetensors", root_ / "old/last.safetensors",
                                     [&](CheckpointParts& parts) {
                                       const auto now = ordered_json::parse(parts.metadata.at("position"));
                                       parts.metadata.clear();
                                       const ordered_json then = json(kEarlier / "checkpoint-metadata.json");
                                       for (const auto& [key, value] : then.items())
                                         parts.metadata[key] = value.get<std::string>();
                                       parts.edit("position", [&](ordered_json& position) {  // today's images
                                         for (const char* key : {"train_listing", "valid_listing"})
                                           position.at(key) = now.at(key);
                                       });
                                       change(parts);
                                     });
    const Outcome resumed = run("--resume auto --epochs 2 --out old");
    EXPECT_EQ(resumed.exit_code, 0) << resumed.errors;
    EXPECT_NE(resumed.output.find("at epoch 1, step 0"), std::string::npos) << resumed.output;
    return json(root_ / "old/run.json").at("settings");
  }

  fs::path root_;
};

TEST_F(EarlierFilesTest, ARunGoesOnWithEverySetting) {
  ordered_json before;
  const ordered_json after =
      settings_after_resuming("--freeze none --optimizer adamw", [&](CheckpointParts& parts) {
        parts.edit("settings", [&](ordered_json& settings) {
          // What few recipes have, and no flag gives.
          auto& recipe = settings.at("recipe");
          recipe.at("label_smoothing") = 0.125;
          recipe.at("loss_weight") = 1.5;
          recipe.at("erase_aspect_min") = 0.5;
          recipe.at("erase_aspect_max") = 2.5;
          before = settings;
        });
      });
  before.at("recipe").at("epochs") = 2;
  const ordered_json wanted = before.flatten(), found = after.flatten();
  for (const auto& [key, value] : wanted.items()) {
    ASSERT_TRUE(found.contains(key)) << key;
    EXPECT_EQ(found.at(key), value) << key;
  }
}

// What wasn't there yet has the value that it had then.
TEST_F(EarlierFilesTest, MembersThatCameLaterMayBeAbsent) {
  const ordered_json after = settings_after_resuming("", [](CheckpointParts& parts) {
    parts.edit("settings", [](ordered_json& settings) {
      for (const char* key : {"view", "freeze", "precision", "initial_weights"}) settings.erase(key);
      for (const char* key :
           {"flip_or_noise_probability", "noise_deviation", "label_smoothing", "loss_weight"})
        settings.at("recipe").erase(key);
    });
    parts.edit("position", [](ordered_json& position) {
      for (const char* key :
           {"pictures", "train_listing", "valid_listing", "loss_scale", "good_steps", "skipped_steps"})
        position.erase(key);
    });
  });
  EXPECT_EQ(after.at("view"), (ordered_json{{"view", "full"}}));
  EXPECT_EQ(after.at("freeze"), "landmarks");
  EXPECT_EQ(after.at("precision"), "fp32");
  EXPECT_EQ(after.at("recipe").at("flip_or_noise_probability"), 0);
  EXPECT_EQ(after.at("recipe").at("label_smoothing"), 0);
  EXPECT_EQ(after.at("recipe").at("loss_weight"), 1);
}

TEST_F(EarlierFilesTest, ARunsFolderIsReported) {
  fs::copy(kEarlier / "run", root_ / "run", fs::copy_options::recursive);
  const Outcome outcome = run_other("poster_report", "run");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  std::ifstream stream(root_ / "run/report.md");
  const std::string report{std::istreambuf_iterator<char>(stream), {}};
  for (const char* part :
       {"14.29", "--optimizer adamw", "--brightness 0.3 --contrast 0.15", "--erase-area-max 0.2",
        "lower, from 0.45 of the face's height on", "e58eaa1d8ae64709"})
    EXPECT_NE(report.find(part), std::string::npos) << part << "\n" << report;
}

}  // namespace
