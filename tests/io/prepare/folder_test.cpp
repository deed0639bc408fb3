// any folders: a look-alike of at least 50 images, with its traps.
#include <array>

#include "tests/io/prepare/prepare_sets.h"

namespace poster::prepare {
namespace {

TEST_F(PrepareSets, FolderWithoutSplits) {
  Files files;
  for (int i = 0; i < 60; ++i)
    files["my set/" + std::string(i % 2 ? "happy" : "Sad") + "/" + (i % 5 ? "" : "more/") + "p" +
          std::to_string(i / 2) + ".jpg"] = test::made_jpeg(static_cast<std::uint64_t>(i));
  files["my set/happy/.hidden.jpg"] = bytes_of("x");
  files["my set/__MACOSX/happy/._p1.jpg"] = bytes_of("x");
  const Collection collection = collect("folder", files);
  EXPECT_EQ(labels(collection), (Counts{{"happy", 30}, {"Sad", 30}}));
  EXPECT_EQ(splits(collection), (Counts{{"none", 60}}));
  const Summary summary = prepared("folder");
  EXPECT_EQ(summary.classes, (std::vector<std::string>{"Sad", "happy"}));
  EXPECT_EQ(summary.counts, (std::vector<std::array<std::size_t, 3>>{{24, 3, 3}, {24, 3, 3}}));
  SourceOptions options;
  options.person_pattern = "p([0-9])";
  EXPECT_EQ(persons(collect("folder", files, options)).size(), 10u);
  options.person_pattern = "p[0-9]";
  test::expect_contains(error_of("folder", files, options), "has no group");
  options.person_pattern = "p([0-9";
  test::expect_contains(error_of("folder", files, options), "is no regular expression");
}

TEST_F(PrepareSets, FolderWithSplitsAndClassesInTwoSpellings) {
  Files files;
  for (int i = 0; i < 60; ++i)
    files[std::string(i < 40   ? "train/"
                      : i < 50 ? "Validation/"
                               : "test/") +
          (i % 2 ? (i < 50 ? "Anger" : "Angry") : "calm") + "/" + std::to_string(i) + ".png"] =
        test::made_png(static_cast<std::uint64_t>(i));
  files["loose.png"] = test::made_png(99);
  EXPECT_EQ(reasons(collect("folder", files).left_out), (Counts{{"not in a class folder", 1}}));
  const Summary summary = prepared("folder");
  EXPECT_EQ(summary.classes, (std::vector<std::string>{"anger", "calm"}));
  EXPECT_EQ(summary.counts, (std::vector<std::array<std::size_t, 3>>{{20, 5, 5}, {20, 5, 5}}));
  ASSERT_FALSE(summary.notes.empty());
  test::expect_contains(summary.notes.front(), "Anger, Angry are spellings of one class, anger");
  std::filesystem::remove_all(folder_ / "out");
  EXPECT_EQ(prepared("folder", "none").classes, (std::vector<std::string>{"Anger", "Angry", "calm"}));
  files["valid2/calm/1.png"] = test::made_png(98);
  test::expect_contains(error_of("folder", files), "is a split and 'valid2' isn't");
  expect_tree_error("folder");
}

TEST_F(PrepareSets, FolderWhoseClassesAreArchives) {
  Files happy, sad;
  for (int i = 0; i < 30; ++i) {
    happy["happy/" + std::to_string(i) + ".png"] = test::made_png(static_cast<std::uint64_t>(i));
    sad[std::to_string(i) + ".png"] = test::made_png(static_cast<std::uint64_t>(100 + i));
  }
  const Collection collection =
      collect("folder", {{"happy.zip", test::zipped(happy)}, {"sad.zip", test::zipped(sad)}});
  EXPECT_EQ(labels(collection), (Counts{{"happy", 30}, {"sad", 30}}));
}

}  // namespace
}  // namespace poster::prepare
