// CAER-S: a look-alike of at least 50 images, with its traps.
#include <array>

#include "tests/io/prepare/prepare_sets.h"

namespace poster::prepare {
namespace {

TEST_F(PrepareSets, CaerSWithBothSpellings) {
  Files files;
  const std::array names = {"Anger", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"};
  for (int i = 0; i < 70; ++i) {
    std::string name = names[static_cast<std::size_t>(i % 7)];
    if (i >= 49 && name == "Anger") name = "Angry";
    files["CAER-S/" + std::string(i < 49 ? "train/" : "test/") + name + "/" + numbered("%04d.png", i)] =
        test::made_png(static_cast<std::uint64_t>(i));
  }
  files["CAER-S/train/readme.txt"] = bytes_of("x");
  const Collection collection = collect("caer-s", files);
  EXPECT_EQ(splits(collection), (Counts{{"train", 49}, {"test", 21}}));
  const Summary summary = prepared("caer-s");
  EXPECT_EQ(summary.classes, (std::vector<std::string>{"anger", "disgust", "fear", "happiness", "neutral",
                                                       "sadness", "surprise"}));
  for (const auto& counts : summary.counts) {
    EXPECT_EQ(counts[2], 3u);
    EXPECT_EQ(counts[0] + counts[1], 7u);
  }
  expect_tree_error("caer-s");
  test::expect_contains(
      error_of("caer-s", {{"Anger/1.png", test::made_png(1)}, {"Sad/1.png", test::made_png(2)}}),
      "found Anger/ (1 images), Sad/ (1 images)");
}

}  // namespace
}  // namespace poster::prepare
