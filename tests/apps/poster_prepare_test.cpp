#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/support/made_images.h"
#include "tests/support/program.h"
#include "tests/support/trees.h"

namespace {

namespace fs = std::filesystem;
using poster::test::Files;
using poster::test::Outcome;

class PosterPrepareTest : public poster::test::ProgramTest {
 protected:
  PosterPrepareTest() : ProgramTest("poster_prepare"), root_(folder_.path()) {}

  // A set of its own, as large as asked for.
  void make(int images, int side = 40) {
    Files files;
    for (int i = 0; i < images; ++i)
      files[std::string(i % 2 ? "sad" : "happy") + "/" + std::to_string(i) + ".jpg"] =
          poster::test::made_jpeg(static_cast<std::uint64_t>(i), side, side);
    poster::test::write_files(root_ / "in", files);
    poster::test::write_bytes((root_ / "in.zip").string(), poster::test::zipped(files));
  }

  Files tree(const std::string& name) const { return poster::test::read_files(root_ / name); }

  fs::path root_;
};

TEST_F(PosterPrepareTest, PreparesAndSaysWhat) {
  make(60);
  const Outcome outcome = run("folder --in in --out out -j 2");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
  EXPECT_EQ(outcome.errors, "");
  for (const char* part : {"class        train     valid      test       all\n",
                           "happy           24         3         3        30\n", "Images left out: 0\n",
                           "out: 60 images in", "images/s", "/poster_train --data out\n"})
    EXPECT_NE(outcome.output.find(part), std::string::npos) << part << "\n" << outcome.output;
  const Outcome again = run("folder --in in --out out");
  EXPECT_NE(again.output.find("out: 0 images in 0:0"), std::string::npos) << again.output;
  EXPECT_NE(again.output.find("60 were done already"), std::string::npos) << again.output;
}

TEST_F(PosterPrepareTest, TrainingTakesIt) {
  make(60);
  const Outcome prepared = run("folder --in in --out \"my 'own' faces\"");
  ASSERT_EQ(prepared.exit_code, 0);
  // The last line as it is printed, and what keeps it short.
  const std::size_t now = prepared.output.rfind("\nNow: ");
  ASSERT_NE(now, std::string::npos) << prepared.output;
  std::string command = prepared.output.substr(now + 6);
  ASSERT_EQ(command.find('\n'), command.size() - 1) << command;
  command.pop_back();
  const Outcome outcome =
      run_command(command + " --dry-run --batch-size 2 --device cpu --model poster-v2-tiny");
  EXPECT_EQ(outcome.exit_code, 0) << command << "\n" << outcome.errors;
}

TEST_F(PosterPrepareTest, AKillAtAnyTimeThenAnotherRunGiveTheSameTree) {
  make(120, 200);
  ASSERT_EQ(run("folder --in in --out whole --size 150 -j 2").exit_code, 0);
  const Files whole = tree("whole");
  int killed = 0;
  for (const char* seconds : {"0.03", "0.06", "0.1", "0.2"}) {
    fs::remove_all(root_ / "out");
    killed += run("folder --in in --out out --size 150 -j 2", std::string("timeout -s KILL ") + seconds)
                  .exit_code != 0;
    const Outcome rest = run("folder --in in --out out --size 150 -j 1");
    ASSERT_EQ(rest.exit_code, 0) << rest.errors;
    EXPECT_EQ(poster::test::differences(tree("out"), whole), "") << seconds;
  }
  EXPECT_GT(killed, 0);
}

TEST_F(PosterPrepareTest, ArchivesGiveWhatFoldersGive) {
  make(60);
  ASSERT_EQ(run("folder --in in --out out").exit_code, 0);
  ASSERT_EQ(run("folder --in in.zip --out packed").exit_code, 0);
  for (const char* part : {"train/", "valid/", "test/", "contact_sheets/", "classes.txt"})
    EXPECT_EQ(poster::test::differences(poster::test::with_prefix(tree("packed"), part),
                                        poster::test::with_prefix(tree("out"), part)),
              "")
        << part;
}

TEST_F(PosterPrepareTest, SaysErrorsOnOneLine) {
  make(60);
  expect_error("", {"SET"});
  expect_error("folder --in in", {"--out"});
  expect_error("folders --in in --out out", {"'folders'", "aihub", "emohevrdb"});
  expect_error("folder --in nowhere --out out", {"nowhere: no such folder", "--in"});
  expect_error("raf-db --in in --out out",
               {"expected EmoLabel/list_patition_label.txt", "found happy/ (30 images), sad/ (30 images)"});
  expect_error("folder --in in --out out --view upper", {"upper", "full", "lower", "headset"});
  expect_error("folder --in in --out out --ratios 0.5,0.5", {"--ratios"});
  expect_error("folder --in in --out out --faces some", {"--faces"});
  expect_error("folder --in in --out out --eye-line 0.4", {"--eye-line"});
  expect_error("folder --in in --out out --map none.txt", {"none.txt"});
  expect_error("folder --in in --out in", {"also where the output goes"});
  EXPECT_FALSE(fs::exists(root_ / "out"));
  ASSERT_EQ(run("folder --in in --out out").exit_code, 0);
  expect_error("folder --in in --out out --view lower", {"--view was 'full' and is 'lower'", "--force"});
  EXPECT_EQ(run("folder --in in --out out --view lower --force").exit_code, 0);
  // Its own output: not cut twice, and its contact sheets are no class.
  expect_error("folder --in out --out twice --view lower", {"--view lower", "a second cut"});
  const Outcome again = run("folder --in out --out copy");
  EXPECT_EQ(again.exit_code, 0) << again.errors;
  EXPECT_NE(again.output.find("copy: 60 images in"), std::string::npos) << again.output;
}

TEST_F(PosterPrepareTest, HelpNamesEveryOption) {
  const Outcome outcome = run("--help");
  EXPECT_EQ(outcome.exit_code, 0);
  for (const char* word : {"aihub",         "raf-db",     "affectnet",     "ferplus",
                           "caer-s",        "kdef",       "jaffe",         "emohevrdb",
                           "csv",           "folder",     "--in",          "--out",
                           "--map",         "--label",    "--poses",       "--person",
                           "--path-column", "--faces",    "--detector",    "--margin",
                           "--crop",        "--min-face", "--on-no-face",  "--size",
                           "--format",      "--view",     "--headset-mix", "--split",
                           "--ratios",      "--seed",     "--similar",     "--allow-person-overlap",
                           "--threads",     "--force"})
    EXPECT_NE(outcome.output.find(word), std::string::npos) << word;
}

}  // namespace
