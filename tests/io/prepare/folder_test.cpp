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

// Of Labeled Faces in the Wild's kind; not of a camera's, and not after the class.
TEST_F(PrepareSets, FolderSaysWhenNamesLookLikePeople) {
  const auto notes = [&](const std::vector<std::string>& names, const std::string& pattern) {
    Files files;
    for (std::size_t i = 0; i < names.size(); ++i) files[names[i]] = test::made_jpeg(i);
    SourceOptions options;
    options.person_pattern = pattern;
    return collect("folder", files, options).notes;
  };
  const std::vector<std::string> people = {"glad/Ann_Lee_0001.jpg", "glad/Bo_0001.jpg", "sad/Cy_0001.jpg",
                                           "sad/Ann_Lee_0002.jpg", "sad/7.jpg"};
  const auto said = notes(people, "");
  ASSERT_EQ(said.size(), 1u);
  test::expect_contains(said[0], "such as Ann_Lee in Ann_Lee_0001.jpg (3 names)");
  test::expect_contains(said[0], "give --person '^(.*)_[0-9]+'");
  EXPECT_TRUE(notes(people, "^(.*)_[0-9]+").empty());
  EXPECT_TRUE(
      notes({"glad/IMG_0001.jpg", "sad/img_0002.jpg", "sad/DSC_1.jpg", "glad/pxl_1.jpg"}, "").empty());
  EXPECT_TRUE(notes({"a/happy_1.jpg", "a/happy_2.jpg", "b/sad_1.jpg", "c/angry_1.jpg"}, "").empty());
  EXPECT_TRUE(notes({"a/A_1.jpg", "a/A_2.jpg", "b/b_1.jpg", "c/C_1.jpg", "d/x_1.jpg"}, "").empty());
  EXPECT_TRUE(notes({"a/Ann_1.jpg", "a/Bo_1.jpg", "b/Cy_1.jpg"}, "").empty());
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
