// How a run ends, and that its record says so: finished, stopped, diverged, failed, interrupted.
#include <gtest/gtest.h>

#include <cmath>

#include "io/run/run_state.h"
#include "tests/support/rewritten_checkpoint.h"
#include "tests/support/train_test.h"

namespace {

namespace fs = std::filesystem;
using poster::test::CheckpointParts;
using poster::test::Outcome;
using poster::test::rewrite_checkpoint;

class TrainStatesTest : public poster::test::TrainTest {
 protected:
  std::string moment_of_head(const std::string& moment) const {
    const poster::io::SafetensorsFile file(root_ / "run/last.safetensors");
    for (const std::string& name : file.names())
      if (name.starts_with("optimizer." + moment + ".") && name.ends_with("weight")) return name;
    return "";
  }
};

TEST_F(TrainStatesTest, ARunThatDivergesAtOnceSavesNothingAndSaysSo) {
  expect_error(flags("run", "--lr 1e20 --epochs 2"),
               {"diverged", "no checkpoint had been saved yet", "--lr"});
  EXPECT_FALSE(fs::exists(root_ / "run/last.safetensors"));
  EXPECT_FALSE(fs::exists(root_ / "run/evaluation-last-valid.json"));
  EXPECT_EQ(state("run"), "diverged");
  EXPECT_TRUE(holds(json("run/run.json").at("message"), "diverged"));
  EXPECT_TRUE(holds(text("run/log.txt"), "Ended: the training has diverged"));
  // It left nothing that could be lost.
  EXPECT_EQ(run(flags("run")).exit_code, 0);
  EXPECT_EQ(state("run"), "finished");
  EXPECT_FALSE(json("run/run.json").contains("message"));
  // Later it keeps what it has.
  const std::string before = text("run/last.safetensors");
  expect_error("--resume auto --out run --epochs 3 --lr 1e20", {"run/last.safetensors is from before that"});
  EXPECT_EQ(text("run/last.safetensors"), before);
  EXPECT_EQ(state("run"), "diverged");
  expect_error(flags("run"), {"holds a run already"});
}

// The loss is still a number when the squares of the gradients aren't: those weights would never move again.
TEST_F(TrainStatesTest, InfiniteMomentsAreADivergenceToo) {
  train_once("run");
  const std::string first = moment_of_head("exp_avg"), second = moment_of_head("exp_avg_sq");
  ASSERT_NE(second, "");
  const struct {
    const std::string& tensor;
    float value;
    const char* words;
  } cases[] = {{second, INFINITY, "is infinite"},
               {first, NAN, "is no number"},
               {second.substr(std::string("optimizer.exp_avg_sq.").size()), -INFINITY, "is infinite"}};
  for (const auto& each : cases) {
    rewrite_checkpoint(root_ / "run/last.safetensors", root_ / "odd/last.safetensors",
                       [&](CheckpointParts& parts) { parts.set(each.tensor, 0, each.value); });
    expect_error("--resume auto --out odd --epochs 2",
                 {"odd/last.safetensors: ", each.words, "another checkpoint"});
  }
  // Squares of large gradients overflow within the epoch.
  expect_error(flags("wild", "--data faces --lr 1e3 --epochs 8"), {"diverged"});
  EXPECT_EQ(state("wild"), "diverged");
}

TEST_F(TrainStatesTest, ANetworkWithoutNumbersIsNotJudged) {
  train_once("run");
  const std::string head = moment_of_head("exp_avg").substr(std::string("optimizer.exp_avg.").size());
  for (const float value : {NAN, INFINITY}) {
    rewrite_checkpoint(root_ / "run/best.safetensors", root_ / "odd/best.safetensors",
                       [&](CheckpointParts& parts) { parts.set(head, 0, value); });
    expect_error("--data faces --evaluate odd/best.safetensors",
                 {"odd/best.safetensors: ", head, "diverged"});
    EXPECT_FALSE(fs::exists(root_ / "odd/evaluation-best-test.json"));
  }
}

TEST_F(TrainStatesTest, OtherErrorsAreFailures) {
  expect_error(flags("rate", "--epochs 3 --gamma 1e300"), {"rate"});
  EXPECT_TRUE(state("rate") == "failed" || state("rate") == "diverged");
  const fs::path broken = root_ / "faces/valid/fear/zz.png";
  poster::test::write_file(broken, "no image");
  expect_error(flags("broken"), {"zz.png"});
  EXPECT_EQ(state("broken"), "failed");
  EXPECT_TRUE(holds(json("broken/run.json").at("message"), "zz.png"));
  EXPECT_EQ(poster::true_state(root_ / "broken", state("broken")), "failed");
}

TEST_F(TrainStatesTest, AKilledRunIsNotRunning) {
  const Outcome killed = run(flags("run", "--epochs 50"), signal_when("KILL", "^Epoch: .0..0/", "run"));
  EXPECT_NE(killed.exit_code, 0);
  EXPECT_EQ(state("run"), "running");
  EXPECT_EQ(poster::true_state(root_ / "run", "running"), "interrupted");
  // It begins again from where it stands, which is the start.
  const Outcome again = run(flags("run", "--resume auto"));
  EXPECT_EQ(again.exit_code, 0) << again.errors;
}

}  // namespace
