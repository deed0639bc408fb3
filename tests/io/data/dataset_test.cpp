#include "io/data/dataset.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <set>

#include "engine/error.h"
#include "io/codec/image_reader.h"
#include "io/data/sampler.h"
#include "tests/support/temporary_folder.h"

namespace poster::io {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;
using test::write_bytes;

std::string error_of(const std::string& directory, const std::string& split,
                     const std::optional<std::vector<std::string>>& classes = std::nullopt) {
  return test::message_of<Error>([&] { ImageFolder(directory, split, classes); });
}

void expect_words(const std::string& message, const std::vector<std::string>& words) {
  EXPECT_NE(message, "");
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  for (const std::string& word : words)
    EXPECT_NE(message.find(word), std::string::npos) << message << " lacks " << word;
}

class ImageFolderTest : public testing::Test {
 protected:
  ImageFolderTest() {
    for (const char* name : {"train/sad/b.PNG", "train/sad/a.jpg", "train/sad/notes.txt", "train/Zorn/x.jpeg",
                             "train/joy/1.tiff", "train/joy/.hidden.jpg", "train/joy/10.bmp",
                             "train/joy/2.webp", "train/readme.md", "train/.cache/x.jpg"})
      write_bytes(folder_ / name, {1, 2, 3});
  }
  TemporaryFolder folder_;
};

TEST_F(ImageFolderTest, ListsClassesAndSamplesInByteOrder) {
  const ImageFolder data(folder_.path(), "train");
  EXPECT_EQ(data.classes(), (std::vector<std::string>{"Zorn", "joy", "sad"}));
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < data.size(); ++i)
    names.push_back(fs::relative(data.path(i), folder_ / "train").string());
  EXPECT_EQ(names, (std::vector<std::string>{"Zorn/x.jpeg", "joy/1.tiff", "joy/10.bmp", "joy/2.webp",
                                             "sad/a.jpg", "sad/b.PNG"}));
  EXPECT_EQ(data.labels(), (std::vector<std::int32_t>{0, 1, 1, 1, 2, 2}));
  EXPECT_EQ(data.class_counts(), (std::vector<std::int64_t>{1, 3, 2}));
  EXPECT_EQ(data.left_out().line(), "left out: 1 .md, 1 .txt; 1 hidden");
}

TEST_F(ImageFolderTest, FollowsTheGivenClassOrder) {
  const ImageFolder data(folder_.path(), "train", {{"sad", "Zorn", "joy"}});
  EXPECT_EQ(data.labels(), (std::vector<std::int32_t>{0, 0, 1, 2, 2, 2}));
  expect_words(error_of(folder_.path(), "train", {{"sad", "joy", "calm"}}),
               {"Zorn, joy, sad", "sad, joy, calm"});
  expect_words(error_of(folder_.path(), "train", {{"sad", "joy"}}), {"Zorn"});
}

TEST_F(ImageFolderTest, SaysWhatIsWrong) {
  expect_words(error_of(folder_ / "nowhere", "train"), {"/nowhere: no such folder", "train/<class>"});
  expect_words(error_of(folder_ / "train/readme.md", "train"), {"not a folder"});
  expect_words(error_of(folder_.path(), "valid"),
               {"no folder 'valid'", "valid/<class>/<images>", "found train/"});
  fs::create_directories(folder_ / "empty");
  expect_words(error_of(folder_.path(), "empty"), {"no class folders", "found nothing"});
  write_bytes(folder_ / "flat/a.jpg", {1});
  expect_words(error_of(folder_.path(), "flat"), {"1 images and no class folders"});
  fs::create_directories(folder_ / "train/bored");
  expect_words(error_of(folder_.path(), "train"), {"/train/bored: a class without images"});
  write_bytes(folder_ / "latin/Z\xFCrich/a.jpg", {1});
  expect_words(error_of(folder_.path(), "latin"), {"/latin: ", "rich\" is not UTF-8; rename it"});
  write_bytes(folder_ / "train/bored/x.txt", {1});
  expect_words(error_of(folder_.path(), "train"), {"/train/bored: a class without images"});
  write_bytes(folder_ / "latin/Z\xFCrich/a.jpg", {1});
  expect_words(error_of(folder_.path(), "latin"), {"/latin: ", "rich\" is not UTF-8; rename it"});
  fs::create_directories(folder_ / "train/bored/y.jpg");
  expect_words(error_of(folder_.path(), "train"), {"/train/bored/y.jpg", "named like an image"});
  fs::remove(folder_ / "train/bored/y.jpg");
  fs::create_symlink("/nowhere/z.jpg", folder_ / "train/bored/z.jpg");
  expect_words(error_of(folder_.path(), "train"), {"/train/bored/z.jpg", "a link to nowhere"});
  fs::remove(folder_ / "train/bored/z.jpg");
  ASSERT_EQ(::mkfifo((folder_ / "train/bored/z.jpg").c_str(), 0600), 0);
  expect_words(error_of(folder_.path(), "train"), {"/train/bored/z.jpg", "not a regular file"});
  fs::remove_all(folder_ / "train/bored");
  fs::create_symlink("nowhere", folder_ / "train/bored");  // may have been a class
  expect_words(error_of(folder_.path(), "train"), {"/train/bored", "a link to nowhere"});
}

TEST_F(ImageFolderTest, TakesFoldersWithinAClassAndSaysWhatIsLeftOut) {
  const std::uint64_t before = ImageFolder(folder_.path(), "train").listing_hash();
  for (const char* name :
       {"train/sad/person2/1.ppm", "train/sad/a-b/1.jfif", "train/sad/c.heic", "train/loose.jpg"})
    write_bytes(folder_ / name, {1, 2, 3});
  fs::create_symlink("..", folder_ / "train/sad/back");
  const ImageFolder data(folder_.path(), "train");
  EXPECT_EQ(data.class_counts(), (std::vector<std::int64_t>{1, 3, 4}));
  EXPECT_EQ(data.path(6), (folder_ / "train/sad/a-b/1.jfif").string());
  EXPECT_EQ(data.path(7), (folder_ / "train/sad/person2/1.ppm").string());
  const std::string line = data.left_out().line();
  for (const char* words : {"left out: 1 .heic, 1 .md, 1 .txt; 1 hidden; 1 link back to a folder above",
                            "1 image beside the class folders ("})
    EXPECT_NE(line.find(words), std::string::npos) << line;
  // The rule of before: the same images, and the same hash, as if these weren't there.
  const ImageFolder flat(folder_.path(), "train", std::nullopt, FolderRule::flat);
  EXPECT_EQ(flat.size(), 6);
  EXPECT_EQ(flat.listing_hash(), before);
  EXPECT_NE(data.listing_hash(), before);
  EXPECT_NE(flat.left_out().line().find("3 inner folders"), std::string::npos) << flat.left_out().line();
}

TEST_F(ImageFolderTest, ListingHashSeesNamesAndSizes) {
  const auto hash = [&] { return ImageFolder(folder_.path(), "train").listing_hash(); };
  const std::uint64_t before = hash();
  EXPECT_EQ(hash(), before);
  TemporaryFolder copy;
  fs::copy(folder_.path(), copy.path(), fs::copy_options::recursive);
  EXPECT_EQ(ImageFolder(copy.path(), "train").listing_hash(), before);
  write_bytes(folder_ / "train/sad/a.jpg", {1, 2, 3, 4});
  const std::uint64_t longer = hash();
  EXPECT_NE(longer, before);
  fs::rename(folder_ / "train/sad/a.jpg", folder_ / "train/sad/c.jpg");
  EXPECT_NE(hash(), longer);
}

TEST_F(ImageFolderTest, LoadsImages) {
  TemporaryFolder folder;
  fs::create_directories(folder / "test/one");
  Image image(3, 2);
  image.rgb[4] = 77;
  write_image(folder / "test/one/a.png", image);
  EXPECT_EQ(ImageFolder(folder.path(), "test").load(0), image);
  const ImageFolder broken(folder_.path(), "train");
  expect_words(test::message_of<Error>([&] { broken.load(0); }), {"Zorn/x.jpeg: not an image"});
}

TEST(Sampler, ShuffleIsAPermutationBySeedAndEpoch) {
  const auto order = shuffled_order(1000, 3, 0);
  EXPECT_EQ(std::set<std::int64_t>(order.begin(), order.end()).size(), 1000u);
  EXPECT_EQ(order, shuffled_order(1000, 3, 0));
  EXPECT_NE(order, shuffled_order(1000, 3, 1));
  EXPECT_NE(order, shuffled_order(1000, 4, 0));
  EXPECT_NE(order, sequential_order(1000));
  EXPECT_EQ(shuffled_order(1, 3, 0), sequential_order(1));
  EXPECT_TRUE(shuffled_order(0, 3, 0).empty());
  // Every sample comes first equally often.
  std::map<std::int64_t, int> first;
  for (int epoch = 0; epoch < 3000; ++epoch) ++first[shuffled_order(3, 9, epoch)[0]];
  for (int i = 0; i < 3; ++i) EXPECT_NEAR(first[i], 1000, 120);
}

TEST(Sampler, BalancedDrawsEveryClassEquallyOften) {
  std::vector<std::int32_t> labels(9000, 0);
  std::fill(labels.begin() + 8000, labels.begin() + 8900, 1);
  std::fill(labels.begin() + 8900, labels.end(), 4);
  const auto order = balanced_order(labels, 1, 0);
  ASSERT_EQ(order.size(), labels.size());
  std::map<std::int32_t, int> counts;
  std::set<std::int64_t> rare;
  for (std::int64_t index : order) {
    ++counts[labels[index]];
    if (labels[index] == 4) rare.insert(index);
  }
  for (int label : {0, 1, 4}) EXPECT_NEAR(counts[label], 3000, 200);
  EXPECT_EQ(rare.size(), 100u);
  EXPECT_EQ(order, balanced_order(labels, 1, 0));
  EXPECT_NE(order, balanced_order(labels, 1, 1));
}

}  // namespace
}  // namespace poster::io
