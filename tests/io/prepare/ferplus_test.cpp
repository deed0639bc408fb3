// FERPlus: a look-alike of at least 50 images, with its traps.
#include <array>

#include "tests/io/prepare/prepare_sets.h"

namespace poster::prepare {
namespace {

class FerPlus : public PrepareSets {
 protected:
  void add(const std::string& usage, const std::string& votes, std::size_t count = 1) {
    for (std::size_t i = 0; i < count; ++i, ++rows_) {
      const io::Image image = test::made_image(rows_, 48, 48);
      images_ += std::to_string(rows_ % 7) + ",";
      for (std::size_t p = 0; p < 48 * 48; ++p)
        images_ += (p > 0 ? " " : "") + std::to_string(image.rgb[3 * p]);
      images_ += "," + usage + "\n";
      votes_ += usage + ",fer" + std::to_string(rows_) + ".png," + votes + "\n";
    }
  }
  Files files() const {
    return {{"fer2013/fer2013.csv", bytes_of(images_)}, {"FERPlus/fer2013new.csv", bytes_of(votes_)}};
  }

  std::string images_ = "emotion,pixels,Usage\n";
  std::string votes_ =
      "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n";
  std::size_t rows_ = 0;
};

TEST_F(FerPlus, VotesAsPublished) {
  add("Training", "10,0,0,0,0,0,0,0,0,0", 14);    // neutral
  add("Training", "0,1,7,0,1,0,1,0,0,0", 14);     // surprise
  add("Training", "1,1,1,1,1,1,2,1,1,0", 3);      // fear: single votes are outliers
  add("PublicTest", "0,0,0,6,4,0,0,0,0,0", 9);    // sadness
  add("PrivateTest", "0,0,0,2,0,0,0,8,0,0", 8);   // contempt
  add("Training", "5,0,0,5,0,0,0,0,0,0");         // half is no majority
  add("Training", "4,3,0,3,0,0,0,0,0,0");         // most is no majority
  add("Training", "2,0,0,0,0,0,0,0,8,0", 2);      // unknown
  add("PrivateTest", "0,0,0,0,0,0,0,0,0,10", 3);  // not a face
  add("Training", "1,1,1,1,1,1,1,1,1,1");         // nothing is left
  const Collection collection = collect("ferplus", files());
  EXPECT_EQ(labels(collection),
            (Counts{{"neutral", 14}, {"surprise", 14}, {"fear", 3}, {"sadness", 9}, {"contempt", 8}}));
  EXPECT_EQ(splits(collection), (Counts{{"train", 31}, {"valid", 9}, {"test", 8}}));
  EXPECT_EQ(reasons(collection.left_out),
            (Counts{{"no majority of votes", 3}, {"voted unknown", 2}, {"voted not a face", 3}}));
}

TEST_F(FerPlus, PixelsAreWritten) {
  add("Training", "10,0,0,0,0,0,0,0,0,0", 30);
  add("PublicTest", "0,10,0,0,0,0,0,0,0,0", 10);
  add("PrivateTest", "0,10,0,0,0,0,0,0,0,0", 10);
  test::write_files(in(), files());
  const Summary summary = prepared("ferplus");
  EXPECT_EQ(summary.counts, (std::vector<std::array<std::size_t, 3>>{{30, 0, 0}, {0, 10, 10}}));
  const io::Image written = io::read_image(folder_ / "out/valid/happiness/fer0000031.png");
  const io::Image made = test::made_image(31, 48, 48);
  ASSERT_EQ(written.width, 48);
  for (std::size_t p = 0; p < 48 * 48; ++p) ASSERT_EQ(written.rgb[3 * p], made.rgb[3 * p]);
}

TEST_F(FerPlus, FilesThatDontGoTogether) {
  expect_tree_error("ferplus");
  add("Training", "10,0,0,0,0,0,0,0,0,0", 50);
  const std::string votes = votes_;
  votes_ += "Training,x,1,2,3,4,5,6,7,8,9,10\n";
  test::expect_contains(error_of("ferplus", files()), "has more rows");
  votes_ = votes;
  images_ += "0,1 2 3,Training\n";
  votes_ += "PublicTest,x,9,0,0,0,0,0,0,0,0,0\n";
  test::expect_contains(error_of("ferplus", files()), "fer2013.csv:52: its Usage isn't that of");
  votes_ = votes + "Training,x,9,0,0,0,0,0,0,0,0,0\n";
  EXPECT_EQ(reasons(collect("ferplus", files()).left_out), (Counts{{"unreadable", 1}}));
  votes_ = votes + "Training,x,9,0,0\n";
  test::expect_contains(error_of("ferplus", files()), "ten counts of votes");
}

}  // namespace
}  // namespace poster::prepare
