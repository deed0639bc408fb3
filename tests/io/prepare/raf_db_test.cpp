// RAF-DB: a look-alike of at least 50 images, with its traps.
#include "tests/io/prepare/prepare_sets.h"

namespace poster::prepare {
namespace {

TEST_F(PrepareSets, RafDb) {
  Files files;
  std::string list;
  for (int i = 1; i <= 56; ++i) {
    const std::string name = (i <= 42 ? "train_" : "test_") + numbered("%05d", i);
    list += name + ".jpg " + std::to_string(1 + i % 7) + "\r\n";
    files["basic/Image/aligned/" + name + "_aligned.jpg"] = test::made_jpeg(static_cast<std::uint64_t>(i));
    files["basic/Image/original/" + name + ".jpg"] = test::made_jpeg(500);  // must not be taken
  }
  files.erase("basic/Image/aligned/test_00056_aligned.jpg");
  files.erase("basic/Image/original/test_00056.jpg");
  list += "train_00099.jpg 8\n\n";
  files["basic/EmoLabel/list_patition_label.txt"] = bytes_of(list);
  const Collection collection = collect("raf-db", files);
  EXPECT_EQ(labels(collection), (Counts{{"surprise", 7},
                                        {"fear", 8},
                                        {"disgust", 8},
                                        {"happiness", 8},
                                        {"sadness", 8},
                                        {"anger", 8},
                                        {"neutral", 8}}));
  EXPECT_EQ(collection.items.front().label, "fear");  // number 2
  EXPECT_EQ(collection.items.front().file.path, "basic/Image/aligned/train_00001_aligned.jpg");
  EXPECT_EQ(splits(collection), (Counts{{"train", 42}, {"test", 13}}));
  EXPECT_EQ(reasons(collection.left_out),
            (Counts{{"listed, but the image isn't there", 1}, {"a label that is no expression", 1}}));
  expect_tree_error("raf-db");
  files["basic/EmoLabel/list_patition_label.txt"] = bytes_of("train_00001.jpg\n");
  test::expect_contains(error_of("raf-db", files), "list_patition_label.txt:1: expected 'train_00001.jpg 5'");
}

TEST_F(PrepareSets, RafDbKeepsItsTestSetAndTakesValidFromTrain) {
  Files files;
  std::string list;
  for (int i = 1; i <= 80; ++i) {
    const std::string name = (i <= 60 ? "train_" : "test_") + numbered("%05d", i);
    list += name + ".jpg " + std::to_string(1 + i % 2) + "\n";
    files["Image/aligned/" + name + "_aligned.jpg"] = test::made_jpeg(static_cast<std::uint64_t>(i));
  }
  files["EmoLabel/list_patition_label.txt"] = bytes_of(list);
  test::write_files(in(), files);
  const Summary summary = prepared("raf-db");
  EXPECT_EQ(summary.classes, (std::vector<std::string>{"surprise", "fear"}));
  for (const auto& counts : summary.counts) {
    EXPECT_EQ(counts[2], 10u);
    EXPECT_NEAR(static_cast<double>(counts[1]), 30.0 / 9, 1);  // 0.1 of 0.9
    EXPECT_EQ(counts[0] + counts[1], 30u);
  }
}

}  // namespace
}  // namespace poster::prepare
