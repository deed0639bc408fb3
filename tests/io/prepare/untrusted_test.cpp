// Prepared folders that come from a stranger: nothing outside of --out is touched, whatever .prepare says and
// wherever links in the folder lead.
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "io/prepare/output_paths.h"
#include "io/prepare/prepare.h"
#include "tests/support/error_text.h"
#include "tests/support/made_images.h"
#include "tests/support/trees.h"

namespace poster::prepare {
namespace {

namespace fs = std::filesystem;

class UntrustedFolder : public testing::Test {
 protected:
  UntrustedFolder() {
    test::Files files;
    for (int i = 0; i < 12; ++i)
      files[std::string(i % 2 ? "glad" : "sad") + "/" + std::to_string(i) + ".jpg"] =
          test::made_jpeg(static_cast<std::uint64_t>(i));
    test::write_files(folder_ / "in", files);
    test::write_file(victim(), "precious");
    options_.set = "folder";
    options_.in = {folder_ / "in"};
    options_.out = out();
    options_.threads = 1;
    prepare(options_);
    whole_ = test::read_files(out());
  }

  fs::path victim() const { return folder_ / "victim.jpg"; }
  fs::path out() const { return folder_ / "out"; }
  std::string run(bool force) {
    options_.force = force;
    return test::error_of([&] { prepare(options_); });
  }
  void append(const std::string& name, const std::string& text) {
    test::write_file(out() / name, test::read_file(out() / name) + text);
  }
  // The folder is as it was, or refused by a line that names `place`.
  void expect_harmless(const std::string& place = "") {
    for (const bool force : {false, true}) {
      const std::string error = run(force);
      EXPECT_EQ(test::read_file(victim()), "precious") << force;
      EXPECT_EQ(folder_.entries(), 3) << force;
      if (place.empty()) {
        EXPECT_EQ(error, "") << force;
        EXPECT_EQ(test::differences(test::read_files(out()), whole_), "") << force;
      } else {
        test::expect_contains(error, place);
      }
    }
  }

  test::TemporaryFolder folder_;
  PrepareOptions options_;
  test::Files whole_;
};

TEST_F(UntrustedFolder, PathsThatLeadOut) {
  for (const std::string& path :
       {std::string("../victim.jpg"), victim().string(), std::string("train/../../victim.jpg"),
        std::string("train/sad/../../../victim.jpg"), std::string("train//../victim.jpg"),
        std::string(".prepare/settings.json")})
    append(".prepare/paths.csv", "00000000000000ff," + path + "\n");
  append(".prepare/paths.csv", "\"never closed");
  expect_harmless();
}

TEST_F(UntrustedFolder, ClassesThatLeadOut) {
  append("classes.txt", "../../victim\n" + (folder_ / "victim").string() + "\n..\n\n");
  expect_harmless();
}

TEST_F(UntrustedFolder, AJournalThatLeadsOut) {
  std::string journal = test::read_file(out() / ".prepare/journal.jsonl");
  for (const char* extension : {"/../../../../victim.jpg", "", ".jpg.tmp"}) {
    std::string lines = journal;
    for (std::size_t at = 0; (at = lines.find("\".jpg\"", at)) != std::string::npos; ++at)
      lines.replace(at, 6, "\"" + std::string(extension) + "\"");
    test::write_file(out() / ".prepare/journal.jsonl", lines);
    fs::create_directories(out() / ".prepare/staged");
    EXPECT_EQ(run(false), "");
    EXPECT_EQ(test::differences(test::read_files(out()), whole_), "");
  }
  // Numbers that fit no type, and lines of no sense.
  for (const char* line :
       {"{\"id\": 1e400}", "[[[[", "{\"id\":\"0\",\"orientation\":1e300}", "null", "\xFF\xFE"})
    append(".prepare/journal.jsonl", std::string(line) + "\n");
  append(".prepare/journal.jsonl", std::string(100000, '['));
  expect_harmless();
}

TEST_F(UntrustedFolder, LinksToFolders) {
  for (const char* name : {"train", "train/sad", ".prepare/staged", "contact_sheets", ".prepare"}) {
    const test::TemporaryFolder elsewhere;
    const fs::path place = out() / name;
    if (fs::exists(place))
      fs::rename(place, elsewhere / "moved");
    else
      fs::create_directories(elsewhere / "moved");
    test::write_file(elsewhere / "moved/0000000000000001.jpg", "theirs");
    fs::create_directory_symlink(elsewhere / "moved", place);
    const test::Files before = test::read_files(elsewhere.path());
    for (const bool force : {false, true}) {
      test::expect_contains(run(force), "is a link or no folder; remove it");
      EXPECT_EQ(test::differences(test::read_files(elsewhere.path()), before), "") << name << force;
    }
    fs::remove(place);
    options_.force = true;
    for (const char* record :
         {"manifest.csv", "left_out.csv", "classes.txt", "summary.txt", "preparation.json"})
      fs::remove(out() / record);
    prepare(options_);
  }
}

TEST_F(UntrustedFolder, LinksToFiles) {
  for (const char* name : {"manifest.csv", "summary.txt", "contact_sheets/sad.jpg", ".prepare/paths.csv",
                           ".prepare/settings.json", ".prepare/journal.jsonl", ".prepare/lock"}) {
    const fs::path place = out() / name;
    const std::string content = test::read_file(place);
    fs::remove(place);
    fs::create_symlink(victim(), place);
    for (const bool force : {false, true}) {
      EXPECT_NE(run(force), "") << name;
      EXPECT_EQ(test::read_file(victim()), "precious") << name << force;
    }
    fs::remove(place);
    test::write_file(place, content);
    EXPECT_EQ(run(true), "") << name;
  }
  // A second name of another file: what is added to it is added to the other.
  fs::remove(out() / ".prepare/journal.jsonl");
  fs::create_hard_link(victim(), out() / ".prepare/journal.jsonl");
  test::expect_contains(run(false), "journal.jsonl: is a link");
  EXPECT_EQ(test::read_file(victim()), "precious");
}

TEST_F(UntrustedFolder, PipesBlockNothing) {
  for (const char* name : {".prepare/journal.jsonl", ".prepare/settings.json", ".prepare/paths.csv",
                           "manifest.csv", ".prepare/lock", "classes.txt"}) {
    const fs::path place = out() / name;
    const std::string content = test::read_file(place);
    fs::remove(place);
    ASSERT_EQ(::mkfifo(place.c_str(), 0600), 0);
    const std::string error = run(false);
    EXPECT_EQ(error.empty(), std::string(name).ends_with("lock")) << error;  // it is only locked
    fs::remove(place);
    test::write_file(place, content);
    EXPECT_EQ(run(false), "") << name;
  }
}

TEST_F(UntrustedFolder, OthersFilesAreNotReplaced) {
  fs::path image;
  for (const auto& [name, bytes] : whole_)
    if (name.starts_with("train/")) image = name;
  fs::remove_all(out());
  test::write_file(out() / image, "mine");
  test::expect_contains(run(true), image.string() + ": is there, and poster_prepare didn't write it");
  EXPECT_EQ(test::read_file(out() / image), "mine");
  fs::remove_all(out());
  test::write_file(out() / "manifest.csv", "mine");
  test::expect_contains(run(true), "manifest.csv: is there, and poster_prepare didn't write it");
  EXPECT_EQ(test::read_file(out() / "manifest.csv"), "mine");
}

TEST_F(UntrustedFolder, PathsBelowAFolder) {
  for (const char* path : {"train/a/b.jpg", "valid/기쁨/x.png"}) EXPECT_TRUE(is_output_image(path)) << path;
  for (const char* path :
       {"train/b.jpg", "train/a/b/c.jpg", "train/a/b.txt", "/train/a/b.jpg", "other/a/b.jpg",
        "train/../b.jpg", "train/./b.jpg", "train//b.jpg", "train/a/b.jpg/", "", "train/a/.."})
    EXPECT_FALSE(is_output_image(path)) << path;
}

}  // namespace
}  // namespace poster::prepare
