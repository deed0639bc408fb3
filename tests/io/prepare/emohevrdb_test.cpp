// EmoHeVRDB: a look-alike of at least 50 images, with its traps.
#include <array>

#include "tests/io/prepare/prepare_sets.h"

namespace poster::prepare {
namespace {

TEST_F(PrepareSets, EmoHeVRDB) {
  Files files;
  const std::array names = {"Anger", "Disgust", "Fear", "Happiness", "Neutral", "Sadness", "Surprise"};
  const std::array sets = {"training_set", "validation_set", "test_set"};
  for (int i = 0; i < 63; ++i) {
    const int set = i % 3;
    files[std::string("EmoHeVRDB/") + sets[static_cast<std::size_t>(set)] + "/" +
          names[static_cast<std::size_t>(i % 7)] + "/2023-04-20-" + numbered("%06d", i) + "-" +
          std::to_string(10 * set + i % 2) + "-0.jpg"] = test::made_jpeg(static_cast<std::uint64_t>(i));
  }
  const Collection collection = collect("emohevrdb", files);
  EXPECT_EQ(splits(collection), (Counts{{"train", 21}, {"valid", 21}, {"test", 21}}));
  EXPECT_EQ(labels(collection).at("Anger"), 9u);
  EXPECT_EQ(persons(collection), (std::set<std::string>{"0", "1", "10", "11", "20", "21"}));
  EXPECT_EQ(prepared("emohevrdb").counts.front(), (std::array<std::size_t, 3>{3, 3, 3}));
  expect_tree_error("emohevrdb");
}

}  // namespace
}  // namespace poster::prepare
