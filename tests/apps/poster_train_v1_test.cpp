// poster_train with POSTER V1: its recipe and loss by default, resumed to the bit, evaluated, in and out of
// PyTorch's format.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/program.h"

namespace {

namespace fs = std::filesystem;
using poster::test::Outcome;

class PosterTrainV1Test : public poster::test::ProgramTest {
 protected:
  PosterTrainV1Test() : ProgramTest("poster_train"), root_(folder_.path()) {
    make_once("faces", "poster_samples", "--out faces --per-class 4 --size 64 --seed 1");
  }
  static std::string flags(const std::string& out, const std::string& more = "") {
    return "--data faces --model poster-v1-tiny --batch-size 5 --epochs 2 --lr 1e-3 --print-freq 1 --out " +
           out + " " + more;
  }
  void succeed(const std::string& arguments) const {
    const Outcome outcome = run(arguments);
    ASSERT_EQ(outcome.exit_code, 0) << arguments << "\n" << outcome.output << outcome.errors;
  }
  std::string bytes(const std::string& path) const {
    std::ifstream stream(root_ / path, std::ios::binary);
    EXPECT_TRUE(stream) << path;
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  fs::path root_;
};

TEST_F(PosterTrainV1Test, TrainsWithItsOwnRecipeAndLoss) {
  succeed(flags("run", "--lr 1e-6"));
  const auto recipe = nlohmann::json::parse(bytes("run/run.json")).at("settings").at("recipe");
  EXPECT_EQ(recipe.at("name"), "raf-db-v1");
  EXPECT_EQ(recipe.at("loss_weight"), 3);
  EXPECT_NEAR(recipe.at("label_smoothing").get<double>(), 0.4 / 3, 1e-12);
  EXPECT_EQ(recipe.at("flip_or_noise_probability"), 0.5);
  // Untrained, it guesses: about three times ln 7 in training, once ln 7 in evaluation.
  const std::string log = bytes("run/log.txt");
  const auto loss_after = [&](const std::string& words) {
    const auto at = log.find(words);
    EXPECT_NE(at, std::string::npos) << log;
    return std::stod(log.substr(log.find("Loss ", at) + 5));
  };
  EXPECT_NEAR(loss_after("Epoch: [0][0/3]"), 3 * std::log(7), 2);
  EXPECT_NEAR(loss_after("Test: [0/2]"), std::log(7), 0.7);
}

TEST_F(PosterTrainV1Test, TheSameSeedGivesTheSameFilesForAnyNumberOfWorkers) {
  succeed(flags("a", "--workers 1"));
  succeed(flags("b", "--workers 4 --cache-mib 0"));
  EXPECT_EQ(bytes("a/last.safetensors"), bytes("b/last.safetensors"));
}

TEST_F(PosterTrainV1Test, AStopInMidEpochIsSavedAndResumedToTheBit) {
  succeed(flags("whole"));
  const std::string watch =
      "sh -c '\"$0\" \"$@\" & pid=$!; until grep -q \"^Epoch: .0..0\" stopped/log.txt 2>/dev/null; do sleep "
      "0.01; done; "
      "kill -TERM $pid; wait $pid'";
  const Outcome stopped = run(flags("stopped"), watch);
  ASSERT_EQ(stopped.exit_code, 75) << stopped.output << stopped.errors;
  EXPECT_NE(bytes("stopped/last.safetensors"), bytes("whole/last.safetensors"));
  succeed("--resume auto --out stopped");
  EXPECT_EQ(bytes("stopped/last.safetensors"), bytes("whole/last.safetensors"));
}

TEST_F(PosterTrainV1Test, PyTorchsFormatHoldsTheWholeState) {
  succeed(flags("whole"));
  succeed(flags("first", "--epochs 1 --checkpoint_path first.pth"));
  succeed("--resume first.pth --epochs 2 --out second");
  EXPECT_EQ(bytes("second/last.safetensors"), bytes("whole/last.safetensors"));
}

TEST_F(PosterTrainV1Test, AFileWithoutSettingsIsTakenForTheModelItHolds) {
  succeed(flags("run", "--epochs 1"));
  ASSERT_EQ(run_other("poster_checkpoint", "convert run/last.safetensors bare.safetensors --bare").exit_code,
            0);
  ASSERT_EQ(run_other("poster_checkpoint", "convert bare.safetensors bare.pth --module").exit_code, 0);
  succeed("--data faces --evaluate run/last.safetensors --out a");
  succeed("--data faces --evaluate bare.pth --out b");
  const auto evaluation = [&](const std::string& out) {
    return nlohmann::json::parse(bytes(out + "/evaluation-" + (out == "a" ? "last" : "bare") + "-test.json"));
  };
  // An average of floats: the batches differ.
  EXPECT_NEAR(evaluation("a").at("loss").get<double>(), evaluation("b").at("loss").get<double>(), 1e-5);
  EXPECT_EQ(evaluation("a").at("confusion"), evaluation("b").at("confusion"));
  // It is trained further with its own recipe, too.
  succeed("--data faces --weights bare.pth --batch-size 5 --epochs 1 --out c");
  const auto settings = nlohmann::json::parse(bytes("c/run.json")).at("settings");
  EXPECT_EQ(settings.at("model"), "poster-v1-tiny");
  EXPECT_EQ(settings.at("recipe").at("name"), "raf-db-v1");
}

}  // namespace
