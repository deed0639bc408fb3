// Which images a run is trained and judged on, and that it says which it leaves out.
#include <gtest/gtest.h>

#include "tests/support/rewritten_checkpoint.h"
#include "tests/support/train_test.h"

namespace {

namespace fs = std::filesystem;
using poster::test::CheckpointParts;
using poster::test::Outcome;
using poster::test::rewrite_checkpoint;

class TrainFoldersTest : public poster::test::TrainTest {
 protected:
  TrainFoldersTest() { image_ = fs::directory_iterator(root_ / "faces/train/fear")->path(); }
  // Two images within train/fear, one within test/joy's first folder, and what is left out.
  void add_inner_folders() const {
    for (const char* name :
         {"train/fear/person2/p.png", "train/fear/person2/q.png", "test/fear/person3/p.png"}) {
      fs::create_directories((root_ / "faces" / name).parent_path());
      fs::copy(image_, root_ / "faces" / name);
    }
    for (const char* name :
         {"train/fear/a.heic", "train/fear/person2/b.GIF", "train/loose.png", "valid/list.txt"})
      poster::test::write_file(root_ / "faces" / name, "x");
  }
  // run/ in old/, as an earlier version left it: no listing in the checkpoint, the hash of train in run.json.
  void leave_as_an_earlier_version() const {
    rewrite_checkpoint(root_ / "run/last.safetensors", root_ / "old/last.safetensors",
                       [](CheckpointParts& parts) {
                         parts.edit("position", [](auto& p) {
                           for (const char* key : {"pictures", "train_listing", "valid_listing"})
                             p.erase(key);
                         });
                       });
    fs::copy(root_ / "run/run.json", root_ / "old/run.json");
  }
  fs::path image_;
};

TEST_F(TrainFoldersTest, TakesFoldersWithinClassesAndSaysWhatIsLeftOut) {
  add_inner_folders();
  const Outcome outcome = run(flags("run"));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  const std::string train =
      "left out: 1 .gif, 1 .heic; 1 image beside the class folders (faces/train/loose.png)";
  EXPECT_TRUE(holds(outcome.output, "Data: faces/train: " + train + "\n")) << outcome.output;
  EXPECT_TRUE(holds(text("run/log.txt"), "Data: faces/valid: left out: 1 .txt\n"));
  const auto record = json("run/run.json");
  EXPECT_EQ(record.at("train_pictures").at("fear"), 4);
  EXPECT_EQ(record.at("left_out").at("train"), train);
  const Outcome evaluated = run("--data faces --evaluate run/best.safetensors");
  EXPECT_EQ(evaluated.exit_code, 0) << evaluated.errors;
  EXPECT_EQ(json("run/evaluation-best-test.json").at("total"), 8);
  EXPECT_TRUE(holds(text("run/predictions-best-test.csv"), "test/fear/person3/p.png"));
}

TEST_F(TrainFoldersTest, ARunFromBeforeGoesOnWithItsImages) {
  train_once("run");
  leave_as_an_earlier_version();
  fs::copy(root_ / "old", root_ / "old2");
  add_inner_folders();
  expect_error("--resume auto --out old --epochs 2",
               {"faces/train holds 16 images, of which 14 were taken", "--flat-folders", "--allow-changes"});
  const Outcome flat = run("--resume auto --out old --epochs 2 --flat-folders");
  ASSERT_EQ(flat.exit_code, 0) << flat.errors;
  EXPECT_TRUE(holds(flat.output, "1 inner folder (faces/train/fear/person2)")) << flat.output;
  auto record = json("old/run.json");
  EXPECT_EQ(record.at("train_pictures").at("fear"), 2);
  EXPECT_EQ(record.at("settings").at("flat_folders"), true);
  EXPECT_FALSE(record.at("settings").contains("changes"));
  // And stays so, without the flag.
  EXPECT_EQ(run("--resume auto --out old --epochs 3").exit_code, 0);
  EXPECT_EQ(json("old/run.json").at("train_pictures").at("fear"), 2);

  const Outcome all = run("--resume auto --out old2 --epochs 2 --allow-changes");
  ASSERT_EQ(all.exit_code, 0) << all.errors;
  record = json("old2/run.json");
  EXPECT_EQ(record.at("train_pictures").at("fear"), 4);
  EXPECT_TRUE(holds(record.at("settings").at("changes").dump(), "faces/train holds 16 images"));
}

TEST_F(TrainFoldersTest, ARunFromBeforeIsComparedWithItsRecord) {
  train_once("run");
  leave_as_an_earlier_version();
  fs::copy(image_, root_ / "faces/train/fear/zz.png");
  expect_error("--resume auto --out old --epochs 2", {"faces/train holds other images than before"});
}

}  // namespace
