// poster_checkpoint as a user runs it, on the reference's own files and on a run's.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/error_text.h"
#include "tests/support/program.h"
#include "tests/support/rewritten_checkpoint.h"

namespace {

namespace fs = std::filesystem;
using poster::test::Outcome;

const std::string kData = POSTER_TEST_DATA "/checkpoints/";

class PosterCheckpointTest : public poster::test::ProgramTest {
 protected:
  PosterCheckpointTest() : ProgramTest("poster_checkpoint"), root_(folder_.path()) {}

  void train(const std::string& more = "") const {
    const Outcome faces = run_other("poster_samples", "--out faces --per-class 4 --size 64 --seed 1");
    ASSERT_EQ(faces.exit_code, 0) << faces.errors;
    const Outcome trained = run_other(
        "poster_train",
        "--data faces --model poster-v2-tiny --batch-size 5 --epochs 1 --lr 1e-3 --out run " + more);
    ASSERT_EQ(trained.exit_code, 0) << trained.errors;
  }
  void convert(const std::string& arguments) const {
    const Outcome outcome = run("convert " + arguments);
    ASSERT_EQ(outcome.exit_code, 0) << arguments << "\n" << outcome.errors;
  }
  std::string bytes(const std::string& path) const {
    std::ifstream stream(root_ / path, std::ios::binary);
    EXPECT_TRUE(stream) << path;
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  nlohmann::json inspect(const std::string& path) const {
    const Outcome outcome = run("inspect --json " + path);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
    return nlohmann::json::parse(outcome.output);
  }

  fs::path root_;
};

TEST_F(PosterCheckpointTest, ShowsWhatIsInTheReferencesFiles) {
  for (const char* name : {"reference_checkpoint.pth", "reference_checkpoint_legacy.pth"}) {
    const Outcome outcome = run("inspect " + kData + name);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
    for (const char* part : {"state_dict", "__main__.RecorderMeter", "module.conv.weight", "[4, 3, 3, 3]",
                             "1.18778", "9 tensors, 144 elements, 0 NaN"})
      EXPECT_NE(outcome.output.find(part), std::string::npos) << part << "\n" << outcome.output;
  }
  // Even a file without weights is shown.
  const auto optimizer = inspect(kData + "reference_model_best_optimizer_only.pth");
  EXPECT_EQ(optimizer.at("tensors").size(), 6u);
  EXPECT_EQ(optimizer.at("tensors")[0].at("name"), "state.0.old_p");
}

TEST_F(PosterCheckpointTest, ReferenceFilesHoldWhatIsExpected) {
  for (const char* name : {"reference_checkpoint.pth", "reference_checkpoint_legacy.pth"}) {
    const Outcome outcome =
        run("diff " + kData + name + " " + kData + "reference_checkpoint_expected.safetensors");
    // The expected file has its one counter as [1].
    EXPECT_EQ(outcome.exit_code, 2) << outcome.errors;
    EXPECT_EQ(outcome.output,
              "bn.num_batches_tracked: I64 [] and I64 [1]\n9 tensors compared, 1 differ or stand in "
              "one file alone\n");
  }
}

TEST_F(PosterCheckpointTest, AHostileFileIsRefusedAndRunsNothing) {
  const std::string hostile = kData + "hostile_os_system.pth";
  expect_error("convert " + hostile + " out.safetensors", {hostile, "posix.system", "--ignore-unsafe"});
  EXPECT_FALSE(fs::exists(root_ / "out.safetensors"));
  convert("--ignore-unsafe " + hostile + " out.safetensors");
  EXPECT_EQ(inspect("out.safetensors").at("tensors")[0].at("shape"), (std::vector<int>{4, 6}));
  EXPECT_NE(run("inspect " + hostile).output.find("UNSAFE: wants to call posix.system"), std::string::npos);
  EXPECT_FALSE(fs::exists(root_ / "this_must_never_exist"));
}

TEST_F(PosterCheckpointTest, ConversionsThereAndBackAreEqualToTheBit) {
  train();
  convert("run/last.safetensors whole.pth --module");
  convert("whole.pth back.safetensors --to poster");
  EXPECT_EQ(bytes("back.safetensors"), bytes("run/last.safetensors"));
  // Weights alone.
  convert("run/last.safetensors weights.safetensors");
  convert("weights.safetensors weights.pth");
  convert("weights.pth again.safetensors");
  EXPECT_EQ(bytes("again.safetensors"), bytes("weights.safetensors"));
  // All types, views and shared storages.
  convert(kData + "dtypes_and_views.pth types.safetensors");
  convert("types.safetensors types.pth");
  const Outcome equal = run("diff " + kData + "dtypes_and_views.pth types.pth");
  EXPECT_EQ(equal.exit_code, 0) << equal.output;
  EXPECT_EQ(equal.output, "13 tensors compared, all equal\n");
}

// Class names, view and resizing go with the weights through every format.
TEST_F(PosterCheckpointTest, WhatPredictionNeedsIsNeverDropped) {
  train("--view lower");
  for (const char* way :
       {"run/best.safetensors a.safetensors", "a.safetensors b.safetensors --half",
        "b.safetensors c.pth --module", "c.pth d.safetensors", "d.safetensors e.safetensors --to poster"})
    convert(way);
  const auto whole = inspect("run/best.safetensors");
  EXPECT_EQ(whole.at("view"), "lower, from 0.5 of the face's height on");
  EXPECT_EQ(whole.at("preparation"), "unknown");
  for (const char* name : {"a.safetensors", "b.safetensors", "c.pth", "d.safetensors", "e.safetensors"})
    for (const char* key : {"model", "outputs", "classes", "view", "resize", "preparation", "epoch"})
      EXPECT_EQ(inspect(name).at(key), whole.at(key)) << name << " " << key;
  const auto predicted = [&](const std::string& file) {
    const Outcome outcome = run_other("poster_predict", file + " --format json faces/test/anger");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
    return nlohmann::json::parse(outcome.output.substr(0, outcome.output.find('\n'))).at("probabilities");
  };
  EXPECT_EQ(predicted("a.safetensors"), predicted("run/best.safetensors"));
  EXPECT_NE(run("convert run/best.safetensors f.safetensors").output.find("left out: the optimizer's state"),
            std::string::npos);
  const Outcome bare = run("convert run/best.safetensors bare.safetensors --bare");
  EXPECT_NE(bare.output.find("left out: class names, view and all other settings, the optimizer's state"),
            std::string::npos)
      << bare.output;
  EXPECT_EQ(inspect("bare.safetensors").at("view"), "unknown");

  // Names: as many as outputs, and no others than the file's unless they are meant.
  const std::string to = " g.safetensors --to poster --classes ";
  expect_error("convert bare.safetensors" + to + "a,b,c", {"3 class names (a, b, c)", "7 outputs"});
  expect_error("convert run/best.safetensors" + to + "a,b,c,d,e,f,g",
               {"names its outputs anger, disgust", "--rename-classes"});
  expect_error("convert bare.safetensors" + to + "a,b,c,d,e,f,a", {"two classes are called 'a'"});
  expect_error("convert bare.safetensors g.pth --classes a,b,c,d,e,f,g", {"--classes", "--to poster"});
  expect_error("convert bare.safetensors g.safetensors --module", {"--module"});
  EXPECT_FALSE(fs::exists(root_ / "g.safetensors"));
  convert("run/best.safetensors" + to + "a,b,c,d,e,f,g --rename-classes");
  EXPECT_EQ(inspect("g.safetensors").at("classes").at(0), "a");
  EXPECT_EQ(inspect("g.safetensors").at("view"), whole.at("view"));
}

TEST_F(PosterCheckpointTest, AnExportIsSmallAndHasWhatPredictionNeeds) {
  train("--keep newest");
  EXPECT_FALSE(fs::exists(root_ / "run/last.previous.safetensors"));
  const Outcome exported = run("export run/best.safetensors small.safetensors --half --license CC-BY-4.0");
  ASSERT_EQ(exported.exit_code, 0) << exported.errors;
  poster::test::expect_contains(exported.output, "left out: the optimizer's state");
  poster::test::expect_contains(exported.output, "license: CC-BY-4.0");
  EXPECT_LT(fs::file_size(root_ / "small.safetensors") * 5, fs::file_size(root_ / "run/best.safetensors"));
  const auto small = inspect("small.safetensors"), whole = inspect("run/best.safetensors");
  EXPECT_EQ(small.at("license"), "CC-BY-4.0");
  for (const char* key : {"model", "classes", "view", "resize"})
    EXPECT_EQ(small.at(key), whole.at(key)) << key;
  EXPECT_EQ(small.at("optimizer_tensors"), 0);
  convert("run/best.safetensors half.safetensors --half");  // with all tensors
  const Outcome of_small = run_other("poster_predict", "small.safetensors faces/test");
  EXPECT_EQ(of_small.exit_code, 0) << of_small.errors;
  EXPECT_EQ(of_small.output, run_other("poster_predict", "half.safetensors faces/test").output);
  EXPECT_EQ(run("export run/best.safetensors small.pth").exit_code, 1);
  convert("run/best.safetensors bare.safetensors --bare");
  poster::test::expect_contains(run("export bare.safetensors x.safetensors").errors, "names no classes");
  EXPECT_FALSE(fs::exists(root_ / "x.safetensors"));
}

TEST_F(PosterCheckpointTest, SaysWhatItLeavesOut) {
  const Outcome nested = run("convert " + kData + "dtypes_and_views.pth a.safetensors");
  EXPECT_NE(nested.output.find("left out: nested"), std::string::npos) << nested.output;
  const Outcome reference = run("convert " + kData + "reference_checkpoint.pth b.safetensors");
  EXPECT_NE(reference.output.find("left out: epoch, best_acc, optimizer, recorder1, recorder"),
            std::string::npos)
      << reference.output;
}

TEST_F(PosterCheckpointTest, HalvesRoundToNearest) {
  train();
  convert("run/last.safetensors half.pth --half");
  for (const auto& tensor : inspect("half.pth").at("tensors"))
    EXPECT_TRUE(tensor.at("dtype") == "F16" || tensor.at("dtype") == "I64") << tensor;
  convert("run/last.safetensors weights.safetensors");
  convert("half.pth half.safetensors");
  // 11 significant bits; or, for the smallest numbers, steps of 2^-24.
  const Outcome close = run("diff --values-only --tolerance 4.9e-4 weights.safetensors half.safetensors");
  std::istringstream lines(close.output);
  for (std::string line; std::getline(lines, line);)
    if (const auto at = line.find("at most by "); at != std::string::npos) {
      EXPECT_LE(std::stod(line.substr(at + 11)), 0x1p-25) << line;
    }
  EXPECT_EQ(run("diff --values-only weights.safetensors half.safetensors").exit_code, 2);
}

TEST_F(PosterCheckpointTest, ShowsARunsCheckpoint) {
  train("--freeze ir50,landmarks");
  const auto json = inspect("run/last.safetensors");
  EXPECT_EQ(json.at("model"), "poster-v2-tiny");
  EXPECT_EQ(json.at("outputs"), 7);
  EXPECT_EQ(json.at("classes").size(), 7u);
  EXPECT_EQ(json.at("epoch"), 1);
  const Outcome same = run("diff run/last.safetensors run/best.safetensors");
  EXPECT_EQ(same.exit_code, 0) << same.output;
  // A later version's is not taken for somebody else's weights: its class names and view would be lost.
  poster::test::rewrite_checkpoint(root_ / "run/last.safetensors", root_ / "later/last.safetensors",
                                   [](auto& parts) { parts.metadata["format"] = "poster-checkpoint 2"; });
  convert("run/last.safetensors weights.safetensors");
  poster::test::rewrite_checkpoint(
      root_ / "weights.safetensors", root_ / "later/weights.safetensors",
      [](auto& parts) { parts.metadata["poster.format"] = "poster-checkpoint 2"; });
  for (const std::string name : {"later/last.safetensors", "later/weights.safetensors"})
    for (const std::string& command : {"inspect " + name, "convert " + name + " out.pth"})
      expect_error(command, {name, "poster-checkpoint 2", "newer version"});
}

TEST_F(PosterCheckpointTest, RefusesWhatItCannotDo) {
  std::ofstream(root_ / "page.pth") << "<!DOCTYPE html><html>Sign in</html>";
  expect_error("inspect page.pth", {"page.pth", "web page"});
  expect_error("inspect nothing.pth", {"nothing.pth"});
  const std::string good = kData + "reference_checkpoint.pth";
  expect_error("convert " + good + " out.bin", {"out.bin", "--to"});
  std::ofstream(root_ / "there.pth") << "mine";
  expect_error("convert " + good + " there.pth", {"there.pth", "--force"});
  EXPECT_EQ(bytes("there.pth"), "mine");
  expect_error("convert " + good + " out.safetensors --to poster", {"whole network"});
  expect_error("diff " + good + " page.pth", {"page.pth"});
  expect_error("convert", {"IN"});
  convert("--force " + good + " there.pth");
  EXPECT_NE(bytes("there.pth"), "mine");
}

}  // namespace
