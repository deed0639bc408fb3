// What a run that goes on takes from its checkpoint, what may change, and what is refused.
#include <gtest/gtest.h>

#include "io/format/folder_lock.h"
#include "tests/support/rewritten_checkpoint.h"
#include "tests/support/train_test.h"

namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using poster::test::CheckpointParts;
using poster::test::Outcome;
using poster::test::rewrite_checkpoint;

class TrainResumeTest : public poster::test::TrainTest {
 protected:
  void copy(const std::string& from, const std::string& to) const {
    fs::copy(root_ / from, root_ / to, fs::copy_options::recursive);
  }
};

// 35 images: seven classes of five.
class TrainMidEpochTest : public TrainResumeTest {
 protected:
  TrainMidEpochTest() {
    for (const auto& folder : fs::directory_iterator(root_ / "faces/train")) {
      const fs::path first = fs::directory_iterator(folder.path())->path();
      for (const char* name : {"x.png", "y.png", "z.png"}) fs::copy(first, folder.path() / name);
    }
  }
};

TEST_F(TrainMidEpochTest, GoesOnBehindTheLastImageWithAnotherBatchSize) {
  const Outcome stopped = run(flags("run", "--epochs 2"), signal_when("TERM", "^Epoch: .0..1/", "run"));
  ASSERT_EQ(stopped.exit_code, 75) << stopped.errors;
  EXPECT_EQ(state("run"), "stopped");
  const std::string log = text("run/log.txt");
  ASSERT_TRUE(holds(log, "Epoch: [0][1/9]")) << log;
  const std::size_t last = log.rfind("Epoch: [0][");
  const int steps = std::stoi(log.substr(last + 11)) + 1, done = 4 * steps;
  ASSERT_LT(done, 33);
  // The same place as an earlier version wrote it: in batches of its own size, and without a listing.
  rewrite_checkpoint(root_ / "run/last.safetensors", root_ / "old/last.safetensors",
                     [](CheckpointParts& parts) {
                       parts.edit("position", [](ordered_json& p) {
                         for (const char* key : {"pictures", "train_listing", "valid_listing"}) p.erase(key);
                       });
                     });
  for (const std::string folder : {"run", "old"}) {
    const Outcome resumed = run("--resume auto --batch-size 3 --print-freq 1 --out " + folder);
    ASSERT_EQ(resumed.exit_code, 0) << resumed.errors;
    const std::string place =
        "at epoch 0, step " + std::to_string(steps) + ", behind image " + std::to_string(done) + " of 35";
    EXPECT_TRUE(holds(resumed.output, place)) << resumed.output;
    EXPECT_TRUE(holds(resumed.output, "Changed: --batch-size 3 (was 4)")) << resumed.output;
    // Each of the others comes once, in batches of three; the next epoch has all.
    const int rest = (35 - done + 2) / 3, total = steps + rest;
    const auto step = [&](int number) {
      const std::string of = "/" + std::to_string(total) + "]", text = std::to_string(number);
      return "Epoch: [0][" + std::string(of.size() - 2 - text.size(), ' ') + text + of;
    };
    EXPECT_TRUE(holds(resumed.output, step(steps))) << resumed.output;
    EXPECT_TRUE(holds(resumed.output, step(total - 1))) << resumed.output;
    EXPECT_FALSE(holds(resumed.output, step(total))) << resumed.output;
    EXPECT_TRUE(holds(resumed.output, "Epoch: [1][11/12]")) << resumed.output;
    const auto changes = json(folder + "/run.json").at("settings").at("changes");
    ASSERT_EQ(changes.size(), 1u);
    EXPECT_EQ(changes[0], "epoch 0, image " + std::to_string(done) + ": --batch-size 3 (was 4)");
  }
}

TEST_F(TrainMidEpochTest, APlaceThatDoesNotFitIsRefused) {
  train_once("run");
  const auto place = [&](const std::string& folder, int images) {
    rewrite_checkpoint(root_ / "run/last.safetensors", root_ / folder / "last.safetensors",
                       [&](CheckpointParts& parts) {
                         parts.edit("position", [&](ordered_json& p) {
                           p["epoch"] = 0;
                           p["step"] = 1;
                           p["pictures"] = images;
                         });
                       });
  };
  place("behind", 36);
  expect_error("--resume auto --out behind", {"behind/last.safetensors: stands behind image 36", "holds 35"});
  EXPECT_FALSE(holds(text("behind/log.txt"), "Resumed"));
  rewrite_checkpoint(
      root_ / "run/last.safetensors", root_ / "torn/last.safetensors",
      [](CheckpointParts& parts) { parts.edit("position", [](ordered_json& p) { p["step"] = 3; }); });
  expect_error("--resume auto --out torn", {"torn/last.safetensors", "step 3, \"pictures\" 0", "contradict"});
  // One image would be left for a batch of its own.
  place("one", 31);
  expect_error("--resume auto --out one --batch-size 3", {"--batch-size 3", "31 of the 35", "--drop-last"});
  EXPECT_EQ(run("--resume auto --out one --batch-size 3 --drop-last").exit_code, 0);
  // Another seed is another order: the epoch begins anew.
  place("seed", 20);
  const Outcome anew = run("--resume auto --out seed --seed 5 --allow-changes --print-freq 1");
  EXPECT_EQ(anew.exit_code, 0) << anew.errors;
  EXPECT_TRUE(holds(anew.output, "it begins anew")) << anew.output;
  EXPECT_TRUE(holds(anew.output, "Epoch: [0][0/9]")) << anew.output;
  place("balanced", 20);  // and so is another sampler's
  const Outcome sampled = run("--resume auto --out balanced --balanced true --allow-changes --print-freq 1");
  EXPECT_EQ(sampled.exit_code, 0) << sampled.errors;
  EXPECT_TRUE(holds(sampled.output, "it begins anew")) << sampled.output;
  EXPECT_TRUE(holds(sampled.output, "Epoch: [0][0/")) << sampled.output;
}

TEST_F(TrainResumeTest, SettingsThatMakeAnotherRunAreRefusedUnlessTheUserInsists) {
  train_once("run");
  const std::string resume = "--resume auto --out run --epochs 2 ";
  for (const auto& [flag, words] : std::initializer_list<std::pair<std::string, std::string>>{
           {"--seed 3", "--seed 3 (was 0)"},
           {"--optimizer sgd", "--optimizer sgd (was adam)"},
           {"--recipe raf-db", "--recipe raf-db (was plain)"},
           {"--rho 0.05", "--rho 0.05 (was 0)"},
           {"--flip 0.25", "--flip 0.25 (was 0.5)"},
           {"--wd 0.01", "--wd 0.01 (was 0)"},
           {"--freeze none", "--freeze none (was landmarks)"},
           {"--split train", "--split train (was valid)"},
           {"--flat-folders", "--flat-folders true (was none)"}})
    expect_error(resume + flag, {"run/last.safetensors", words, "--allow-changes"});
  EXPECT_EQ(state("run"), "finished");  // nothing has been touched

  // The rate and the number of epochs may change, and what was given with the first call may be given again.
  const Outcome usual = run(resume + "--recipe plain --model poster-v2-tiny --lr 5e-4");
  EXPECT_EQ(usual.exit_code, 0) << usual.errors;
  EXPECT_TRUE(holds(usual.output, "Changed: --lr 0.0005 (was 0.001)")) << usual.output;
  EXPECT_TRUE(holds(usual.output, "Changed: --epochs 2 (was 1)")) << usual.output;
  EXPECT_FALSE(holds(usual.output, "Changed: --batch-size")) << usual.output;
  EXPECT_EQ(json("run/run.json").at("settings").at("recipe").at("batch_size"), 4);

  const Outcome insisted = run("--resume auto --out run --epochs 3 --seed 3 --allow-changes");
  EXPECT_EQ(insisted.exit_code, 0) << insisted.errors;
  EXPECT_EQ(
      json("run/run.json").at("settings").at("changes"),
      (nlohmann::json{"epoch 1, image 0: --lr 0.0005 (was 0.001)", "epoch 2, image 0: --seed 3 (was 0)"}));
  EXPECT_TRUE(holds(text("run/log.txt"), "Changed: --seed 3 (was 0)"));
  EXPECT_TRUE(holds(text("run/last.safetensors").substr(0, 10000), "--seed 3 (was 0)"));

  // A file that poster_checkpoint has converted from somebody else's has the settings of no run.
  rewrite_checkpoint(root_ / "run/best.safetensors", root_ / "foreign.safetensors",
                     [](CheckpointParts& parts) {
                       parts.edit("settings", [](ordered_json& s) { s["data"] = ""; });
                       parts.edit("position", [](ordered_json& p) { p.erase("train_listing"); });
                     });
  const Outcome foreign = run("--resume foreign.safetensors --out foreign --data faces --seed 7 --epochs 3");
  EXPECT_EQ(foreign.exit_code, 0) << foreign.errors;

  const Outcome done = run("--resume auto --out run");
  EXPECT_EQ(done.exit_code, 0) << done.errors;
  EXPECT_TRUE(holds(done.output, "Nothing to train: 3 of 3 epochs are done")) << done.output;
  // Fewer epochs than were done: no record says afterwards that the run was that short.
  const std::string before = text("run/run.json") + text("run/log.txt");
  const Outcome shorter = run("--resume auto --out run --epochs 2 --batch-size 5");
  EXPECT_EQ(shorter.exit_code, 0) << shorter.errors;
  EXPECT_TRUE(holds(shorter.output, "3 epochs are done and --epochs is 2; nothing was changed"))
      << shorter.output;
  EXPECT_EQ(text("run/run.json") + text("run/log.txt"), before);
}

TEST_F(TrainResumeTest, OtherImagesAreRefusedUnlessTheUserInsists) {
  train_once("run");
  copy("run", "run2");
  const fs::path fear = root_ / "faces/train/fear", first = fs::directory_iterator(fear)->path();
  fs::rename(root_ / "faces", root_ / "elsewhere");
  const Outcome moved = run("--resume auto --out run2 --epochs 2 --data elsewhere");
  EXPECT_EQ(moved.exit_code, 0) << moved.errors;  // the same images in another place
  EXPECT_TRUE(holds(moved.output, "Changed: --data elsewhere (was faces)")) << moved.output;
  EXPECT_FALSE(json("run2/run.json").at("settings").contains("changes"));
  fs::rename(root_ / "elsewhere", root_ / "faces");

  const fs::path valid = root_ / "faces/valid/fear/zz.png";
  fs::copy(first, valid);
  expect_error("--resume auto --out run --epochs 2", {"faces/valid holds other images", "--allow-changes"});
  fs::remove(valid);
  fs::copy(first, fear / "zz.png");
  expect_error("--resume auto --out run --epochs 2", {"faces/train holds other images", "--allow-changes"});
  const Outcome insisted = run("--resume auto --out run --epochs 2 --allow-changes");
  EXPECT_EQ(insisted.exit_code, 0) << insisted.errors;
  EXPECT_TRUE(holds(insisted.output, "Changed: faces/train holds other images")) << insisted.output;
  EXPECT_TRUE(
      holds(json("run/run.json").at("settings").at("changes").dump(), "faces/train holds other images"));
  // From here on these are the run's images.
  EXPECT_EQ(run("--resume auto --out run --epochs 3").exit_code, 0);

  // An accuracy on other images, however high, keeps no state of these from being the best.
  fs::copy(first, valid);
  const Outcome judged = run("--resume auto --out run --epochs 4 --allow-changes");
  EXPECT_EQ(judged.exit_code, 0) << judged.errors;
  EXPECT_TRUE(holds(judged.output, "the best state is found anew")) << judged.output;
  EXPECT_EQ(json("run/run.json").at("best_epoch"), 3);
}

TEST_F(TrainResumeTest, MetadataOutOfRangeAreRefusedOnReading) {
  train_once("run");
  const struct {
    const char *key, *path;
    ordered_json value;
    const char* words;
  } cases[] = {
      {"position", "/epoch", 2147483648, "epoch is 2147483648; it must lie in 0 to 1000000"},
      {"position", "/step", -1, "step is -1"},
      {"position", "/pictures", -3, "pictures is -3"},
      {"position", "/best_accuracy", 1e9, "best_accuracy is 1e+09"},
      {"position", "/images", 1.5, "images is 1.5; it must be a whole number"},
      {"position", "/forward_passes", "many", "forward_passes is many; it must be a whole number"},
      {"settings", "/recipe/batch_size", 0, "batch_size (--batch-size) is 0"},
      {"settings", "/recipe/size", 1 << 30, "size (--size) is 1073741824"},
      {"settings", "/recipe/epochs", -5, "epochs (--epochs) is -5"},
      {"settings", "/recipe/learning_rate", -1e-3, "learning_rate (--lr) is -0.001"},
      {"settings", "/recipe/erase_aspect_max", 0.1,
       "its metadata cannot be used (erase_aspect_max (--erase-ratio-max) is 0.1; it must lie in 0.3 to 1000"},
      {"settings", "/seed", -1, "seed (--seed) is -1"},
      {"settings", "/skip_bad", -1, "skip_bad"},
      {"settings", "/classes", 7, "classes (--classes) is 7; it must be a list of texts"},
      {"settings", "/recipe/resize", "fit", "resize"},
  };
  for (const auto& each : cases) {
    rewrite_checkpoint(
        root_ / "run/last.safetensors", root_ / "odd/last.safetensors", [&](CheckpointParts& parts) {
          parts.edit(each.key,
                     [&](ordered_json& json) { json[ordered_json::json_pointer(each.path)] = each.value; });
        });
    expect_error("--resume auto --out odd --epochs 2", {"odd/last.safetensors", each.words});
  }
  for (const char* outputs : {"-1", "0", "7x", "99999999999999999999", ""}) {
    rewrite_checkpoint(root_ / "run/last.safetensors", root_ / "odd/last.safetensors",
                       [&](CheckpointParts& parts) { parts.metadata["outputs"] = outputs; });
    expect_error("--data faces --evaluate odd/last.safetensors", {"odd/last.safetensors", "outputs is"});
  }
  for (const char* option : {"--epochs 0", "--batch-size 0", "--lr -1", "--lr inf", "--wd -1",
                             "--start-epoch -3", "--skip-bad -1", "--epochs 2000000000"})
    expect_error(flags("new", option), {std::string(option).substr(0, std::string(option).find(' '))});
  EXPECT_FALSE(fs::exists(root_ / "new"));
}

TEST_F(TrainResumeTest, OneProgramAtATimeInAFolder) {
  train_once("run");
  fs::create_directory(root_ / "fresh");
  {
    const poster::io::FolderLock run_lock(root_ / "run", "poster_train"),
        fresh(root_ / "fresh", "poster_train");
    expect_error("--resume auto --out run --epochs 2", {"run: another poster_train", "at work in it"});
    expect_error("--resume run/last.safetensors --epochs 2", {"run: another poster_train"});
    expect_error(flags("fresh"), {"fresh: another poster_train"});
    expect_error("--data faces --evaluate run/best.safetensors", {"run: another poster_train", "--out"});
    EXPECT_FALSE(fs::exists(root_ / "fresh/log.txt"));
    EXPECT_FALSE(fs::exists(root_ / "run/evaluation-best-test.json"));
    EXPECT_EQ(run("--data faces --evaluate run/best.safetensors --out e").exit_code, 0);
  }
  EXPECT_EQ(run("--data faces --evaluate run/best.safetensors").exit_code, 0);
}

TEST_F(TrainResumeTest, AnyFileOfARunKeepsANewOneOut) {
  train_once("run");
  // As poster_study leaves a folder.
  for (const char* name : {"last.safetensors", "last.previous.safetensors"}) fs::remove(root_ / "run" / name);
  const std::string best = text("run/best.safetensors");
  expect_error(flags("run"), {"run holds a run already (best.safetensors)", "--resume auto"});
  EXPECT_EQ(text("run/best.safetensors"), best);
  for (const char* name : {"metrics.csv", "run.json", "predictions-best-valid.csv",
                           "evaluation-best-valid.json", "confusion-best-valid.png", "curves.svg"}) {
    fs::remove_all(root_ / "one");
    fs::create_directory(root_ / "one");
    fs::copy(root_ / "run" / name, root_ / "one" / name);
    expect_error(flags("one"), {std::string("one holds a run already (") + name});
    expect_error(flags("one", "--resume auto"), {"holds a run already", "no checkpoint"});
  }
  // Where nothing is left to train, the last state is the best one, and is saved as such.
  EXPECT_EQ(run("--resume auto --out run").exit_code, 0);
  EXPECT_EQ(text("run/last.safetensors"), best);
  fs::remove(root_ / "run/last.safetensors");
  // What stands there isn't lost: it goes on from the best.
  const Outcome resumed = run("--resume auto --out run --epochs 2");
  EXPECT_EQ(resumed.exit_code, 0) << resumed.errors;
  EXPECT_TRUE(holds(resumed.errors, "going on from run/best.safetensors")) << resumed.errors;

  // Nor may a run's images fall among the data's.
  expect_error(flags("faces/train/fear/run"), {"lies among the images of faces"});
  expect_error(flags("faces/train"), {"lies among the images of faces"});
}

}  // namespace
