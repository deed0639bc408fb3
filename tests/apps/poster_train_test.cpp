// poster_train as a user runs it: a run's folder, resuming to the bit, evaluation, and what it says of bad
// input.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/program.h"

namespace {

namespace fs = std::filesystem;
using poster::test::Outcome;

class PosterTrainTest : public poster::test::ProgramTest {
 protected:
  PosterTrainTest() : ProgramTest("poster_train"), root_(folder_.path()) {
    make_once("faces", "poster_samples", "--out faces --per-class 4 --size 64 --seed 1");
  }

  static std::string flags(const std::string& out, const std::string& more = "") {
    return "--data faces --model poster-v2-tiny --batch-size 5 --epochs 2 --lr 1e-3 --print-freq 1 --out " +
           out + " " + more;
  }
  void train_once(const std::string& out, const std::string& more = "") const {
    make_once(out, "poster_train", flags(out, more));
  }
  std::string bytes(const std::string& path) const {
    std::ifstream stream(root_ / path, std::ios::binary);
    EXPECT_TRUE(stream) << path;
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  // No half-written file lies about.
  void expect_clean(const std::string& folder) const {
    if (!fs::exists(root_ / folder)) return;
    for (const auto& entry : fs::directory_iterator(root_ / folder))
      EXPECT_EQ(entry.path().filename().string().find(".tmp"), std::string::npos) << entry.path();
  }

  fs::path root_;
};

TEST_F(PosterTrainTest, LeavesAWholeRunBehind) {
  const Outcome outcome = run(flags("run"));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  for (const char* name : {"log.txt", "metrics.csv", "run.json", "curves.png", "curves.svg",
                           "confusion-last-valid.png", "confusion-last-valid.svg", "confusion-best-valid.png",
                           "predictions-last-valid.csv", "predictions-best-valid.csv", "last.safetensors",
                           "last.previous.safetensors", "best.safetensors", "evaluation-last-valid.json"})
    EXPECT_GT(fs::file_size(root_ / "run" / name), 0u) << name;
  const std::string log = bytes("run/log.txt");
  for (const char* line :
       {"Current learning rate: 0.001\n", "Epoch: [0][0/3]\tLoss ", "Epoch: [1][2/3]\tLoss ",
        "Test: [0/2]\tLoss ", " * Accuracy ", "Current best accuracy: ", "Epoch 2 of 2: "})
    EXPECT_NE(log.find(line), std::string::npos) << line << "\n" << log;
  for (const char* line :
       {"Model:      poster-v2-tiny, 1,522,350 parameters", "Training:   14 (anger 2, ", "View:       full\n",
        "Plan:       2 epochs of 3 steps with 5 images each; recipe augmented\n", "Epoch: [1][2/3]\tLoss ",
        "\nBest accuracy so far: ", "Epoch 1 of 2: ", " left\n"})
    EXPECT_NE(outcome.output.find(line), std::string::npos) << line << "\n" << outcome.output;
  const auto json = nlohmann::json::parse(bytes("run/run.json"));
  EXPECT_EQ(json.at("state"), "finished");
  EXPECT_EQ(json.at("settings").at("classes").size(), 7u);
  EXPECT_EQ(json.at("settings").at("seed"), 0);
  expect_clean("run");
}

TEST_F(PosterTrainTest, TheSameSeedGivesTheSameFilesForAnyNumberOfWorkers) {
  train_once("a", "--workers 1 --seed 3");
  train_once("b", "--workers 4 --seed 3 --cache-mib 0");
  train_once("c", "--workers 1 --seed 4");
  EXPECT_EQ(bytes("a/last.safetensors"), bytes("b/last.safetensors"));
  EXPECT_NE(bytes("a/last.safetensors"), bytes("c/last.safetensors"));
}

TEST_F(PosterTrainTest, ResumingFromEitherCheckpointEqualsARunThatWasNeverStopped) {
  train_once("whole", "--epochs 3");
  train_once("first", "--epochs 1");
  fs::create_directory(root_ / "second");
  fs::copy(root_ / "first/last.safetensors", root_ / "second/last.safetensors");
  // Nothing but the folder and the new end: all else comes from the checkpoint.
  const Outcome resumed = run("--resume auto --out second --epochs 3");
  ASSERT_EQ(resumed.exit_code, 0) << resumed.errors;
  EXPECT_EQ(bytes("second/last.safetensors"), bytes("whole/last.safetensors"));
  const Outcome best = run("--resume first/best.safetensors --out third --epochs 3");
  ASSERT_EQ(best.exit_code, 0) << best.errors;
  EXPECT_EQ(bytes("third/last.safetensors"), bytes("whole/last.safetensors"));
}

TEST_F(PosterTrainTest, AStopInMidEpochIsSavedAndResumedToTheBit) {
  train_once("whole", "--epochs 2");
  // Stops at the first line that ends a step of the first epoch, whenever that comes.
  const std::string watch =
      "sh -c '\"$0\" \"$@\" & pid=$!; until grep -q \"^Epoch: .0..0\" stopped/log.txt 2>/dev/null; do sleep "
      "0.01; done; "
      "kill -TERM $pid; wait $pid'";
  const Outcome stopped = run(flags("stopped", "--epochs 2"), watch);
  ASSERT_EQ(stopped.exit_code, 75) << stopped.output << stopped.errors;
  EXPECT_NE(bytes("stopped/last.safetensors"), bytes("whole/last.safetensors"));
  expect_clean("stopped");
  const Outcome resumed = run("--resume auto --out stopped");
  ASSERT_EQ(resumed.exit_code, 0) << resumed.errors;
  EXPECT_EQ(bytes("stopped/last.safetensors"), bytes("whole/last.safetensors"));
  // The averages of the interrupted epoch come out the same too; only times differ.
  const auto first_fields = [&](const std::string& path) {
    std::string fields, line;
    for (std::istringstream stream(bytes(path)); std::getline(stream, line);) {
      for (int comma = 0; comma < 2; ++comma) line.resize(line.rfind(','));
      fields += line + "\n";
    }
    return fields;
  };
  EXPECT_EQ(first_fields("stopped/metrics.csv"), first_fields("whole/metrics.csv"));
}

TEST_F(PosterTrainTest, ADamagedLastCheckpointIsPassedOverForTheOneBefore) {
  train_once("run", "--epochs 2");
  std::string damaged = bytes("run/last.safetensors");
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 1);
  std::ofstream(root_ / "run/last.safetensors", std::ios::binary) << damaged;
  const Outcome resumed = run("--resume auto --out run --epochs 3");
  EXPECT_EQ(resumed.exit_code, 0) << resumed.errors;
  EXPECT_NE(resumed.errors.find("last.previous.safetensors"), std::string::npos) << resumed.errors;
  train_once("whole", "--epochs 3");
  EXPECT_EQ(bytes("run/last.safetensors"), bytes("whole/last.safetensors"));
}

TEST_F(PosterTrainTest, EvaluatesTheSameEachTimeAndWritesWhatItFound) {
  train_once("run", "--epochs 1");
  const std::string evaluate = "--data faces --evaluate run/best.safetensors --split test --out ";
  const Outcome first = run(evaluate + "e1"), second = run(evaluate + "e2 --batch-size 3 --workers 1");
  ASSERT_EQ(first.exit_code, 0) << first.errors;
  ASSERT_EQ(second.exit_code, 0) << second.errors;
  auto a = nlohmann::json::parse(bytes("e1/evaluation-best-test.json")),
       b = nlohmann::json::parse(bytes("e2/evaluation-best-test.json"));
  EXPECT_EQ(a.at("confusion"), b.at("confusion"));
  EXPECT_EQ(a.at("total"), 7);
  EXPECT_TRUE(fs::exists(root_ / "e1/confusion-best-test.png"));
  EXPECT_NE(first.output.find("precision"), std::string::npos) << first.output;
}

TEST_F(PosterTrainTest, HelpNamesEveryFlagOfTheReference) {
  const Outcome outcome = run("--help");
  EXPECT_EQ(outcome.exit_code, 0);
  for (const char* option : {"--data",
                             "--lr",
                             "--batch-size",
                             "-b,",
                             "--epochs",
                             "--gpu",
                             "--workers",
                             "-j,",
                             "--optimizer",
                             "--wd",
                             "--momentum",
                             "--print-freq",
                             "-p,",
                             "--resume",
                             "--evaluate",
                             "-e,",
                             "--start-epoch",
                             "--model",
                             "--recipe",
                             "--device",
                             "--seed",
                             "--threads",
                             "--out",
                             "--classes",
                             "--split",
                             "--skip-bad",
                             "--checkpoint_path",
                             "--best_checkpoint_path",
                             "--beta",
                             "--pretrained-dir",
                             "--ir50",
                             "--landmarks",
                             "--weights",
                             "--new-head",
                             "--allow-partial",
                             "--freeze"})
    EXPECT_NE(outcome.output.find(option), std::string::npos) << option;
}

TEST_F(PosterTrainTest, RefusesBadCommandLines) {
  expect_error(flags("run", "--learning-rat 1"), {"--learning-rat"});
  expect_error("--model poster-v2-tiny", {"--data"});
  expect_error(flags("run", "--recipe nothing"), {"nothing", "raf-db"});
  expect_error(flags("run", "--optimizer lion"), {"lion", "adamw"});
  expect_error("--data faces --model resnet --batch-size 5", {"resnet", "poster-v2-tiny"});
  expect_error(flags("run", "--device cuda"), {"--device cuda", "--device cpu"});
  expect_error(flags("run", "--lr 0"), {"--lr"});
  EXPECT_FALSE(fs::exists(root_ / "run/last.safetensors"));
}

TEST_F(PosterTrainTest, RefusesBadData) {
  expect_error("--data nowhere --model poster-v2-tiny", {"nowhere"});
  expect_error("--data ./\xFC --model poster-v2-tiny", {"--data", "not UTF-8"});
  fs::rename(root_ / "faces/train/fear", root_ / "fear");
  expect_error(flags("run"), {"fear"});  // valid has a class that train lacks
  fs::create_directory(root_ / "faces/train/fear");
  expect_error(flags("run"), {"faces/train/fear"});
  fs::remove(root_ / "faces/train/fear");
  fs::rename(root_ / "fear", root_ / "faces/train/fear");

  const fs::path image = root_ / "faces/train/anger/zz.png";
  std::ofstream(image).close();
  expect_error(flags("run"), {"zz.png"});
  fs::remove(image);
  fs::create_directory(image);
  expect_error(flags("run"), {"zz.png"});
  fs::remove(image);
  const std::string whole = bytes("faces/train/anger/face_00000_00.png");
  std::ofstream(image, std::ios::binary) << whole.substr(0, whole.size() / 2);
  expect_error(flags("run"), {"zz.png"});
  const Outcome skipped = run(flags("skipped", "--skip-bad 1 --epochs 1 --batch-size 4"));
  EXPECT_EQ(skipped.exit_code, 0) << skipped.errors;
  EXPECT_NE(skipped.output.find("zz.png"), std::string::npos) << skipped.output;
  expect_clean("run");
}

TEST_F(PosterTrainTest, RefusesBatchesThatBatchNormCannotTrainOn) {
  expect_error(flags("run", "--batch-size 1000"), {"--batch-size 1000", "faces/train", "14"});
  expect_error(flags("run", "--batch-size 1"), {"--batch-size 1"});
  expect_error(flags("run", "--batch-size 13"), {"faces/train", "--drop-last"});
  EXPECT_EQ(run(flags("dropped", "--batch-size 13 --drop-last --epochs 1")).exit_code, 0);
}

TEST_F(PosterTrainTest, ALossThatIsNoNumberEndsTheRunAndKeepsTheLastCheckpoint) {
  train_once("run", "--epochs 1");
  const std::string before = bytes("run/last.safetensors");
  expect_error("--resume auto --out run --epochs 3 --lr 1e30 --gamma 1", {"loss", "--lr"});
  EXPECT_EQ(bytes("run/last.safetensors"), before);
  expect_clean("run");
}

TEST_F(PosterTrainTest, RefusesCheckpointsThatDoNotFit) {
  train_once("run", "--epochs 1");
  expect_error("--data faces --resume run/last.safetensors --model poster-v2 --out other",
               {"poster-v2", "poster-v2-tiny"});
  expect_error("--data faces --evaluate run/none.safetensors", {"run/none.safetensors"});
  expect_error("--data faces --evaluate faces/test/anger", {"faces/test/anger"});
  std::ofstream(root_ / "text.safetensors") << "hello";
  expect_error("--data faces --evaluate text.safetensors", {"text.safetensors"});
  expect_error(flags("run"), {"run", "--resume auto"});  // never overwrites a run
  fs::rename(root_ / "faces/test/fear", root_ / "faces/test/terror");
  expect_error("--data faces --evaluate run/best.safetensors", {"fear", "terror"});
  EXPECT_FALSE(fs::exists(root_ / "other/last.safetensors"));
}

TEST_F(PosterTrainTest, SaysWhereItCannotWrite) {
  // A file where a folder is wanted: nobody, root included, may write below it.
  std::ofstream(root_ / "file") << "x";
  expect_error(flags("file/run"), {"file/run"});
}

TEST_F(PosterTrainTest, AFullDiskIsAnErrorAndKeepsTheOldCheckpoint) {
  train_once("run", "--epochs 1");
  const std::string before = bytes("run/last.safetensors");
  // A limit on file sizes acts as a disk that fills up in the middle of the checkpoint.
  const Outcome full =
      run("--resume auto --out run --epochs 2", "sh -c 'ulimit -f 2048; exec \"$0\" \"$@\"'");
  EXPECT_EQ(full.exit_code, 1) << full.output;
  // Whichever of both is written first.
  EXPECT_NE(full.errors.find("run/"), std::string::npos) << full.errors;
  EXPECT_NE(full.errors.find(".safetensors: "), std::string::npos) << full.errors;
  EXPECT_EQ(std::count(full.errors.begin(), full.errors.end(), '\n'), 1) << full.errors;
  EXPECT_EQ(bytes("run/last.safetensors"), before);
  expect_clean("run");
}

}  // namespace
