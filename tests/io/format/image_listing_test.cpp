#include "io/format/image_listing.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "engine/error.h"
#include "tests/support/temporary_folder.h"

namespace poster::io {
namespace {

namespace fs = std::filesystem;
using test::write_bytes;

class ImageListingTest : public testing::Test {
 protected:
  std::vector<std::string> names(const ListingOptions& options = {}) const {
    std::vector<std::string> names;
    for (const ListedFile& file : list_images(folder_.path(), options).files) names.push_back(file.name);
    return names;
  }
  std::string line(const ListingOptions& options = {}) const {
    return list_images(folder_.path(), options).left_out.line();
  }
  // Paths below the folder, for comparing.
  std::string shortened(std::string text) const {
    const std::string prefix = folder_.path().string() + "/";
    for (std::size_t at; (at = text.find(prefix)) != std::string::npos;) text.erase(at, prefix.size());
    return text;
  }
  void add(const std::string& name) const { write_bytes(folder_ / name, {1, 2, 3}); }

  test::TemporaryFolder folder_;
};

TEST_F(ImageListingTest, TakesTorchvisionsKindsAndThoseThatAreJpegToo) {
  for (const char* name : {"a.jpg", "b.JPEG", "c.png", "d.ppm", "e.bmp", "f.pgm", "g.tif", "h.TIFF", "i.webp",
                           "j.jfif", "k.jpe", "l.jif"})
    add(name);
  EXPECT_EQ(names().size(), 12u);
  EXPECT_EQ(line(), "");
  for (const char* name : {"m.heic", "n.HEIC", "o.gif", "p", "q.jpgx", "r.jpg.txt", "jpg"}) add(name);
  EXPECT_EQ(names().size(), 12u);
  EXPECT_EQ(line(), "left out: 2 without extension, 2 .heic, 1 .gif, 1 .jpgx, 1 .txt");
}

// sorted(os.walk(folder)) sorts by the folders' whole paths: "a-b" comes before "a/c" as '-' < '/'.
TEST_F(ImageListingTest, ListsInTheOrderOfImageFolder) {
  for (const char* name : {"a/z.jpg", "a/c/1.jpg", "a-b/1.jpg", "z.jpg", "b.jpg", "a/d.jpg"}) add(name);
  EXPECT_EQ(names(),
            (std::vector<std::string>{"b.jpg", "z.jpg", "a/d.jpg", "a/z.jpg", "a-b/1.jpg", "a/c/1.jpg"}));
  EXPECT_EQ(names({.nested = false}), (std::vector<std::string>{"b.jpg", "z.jpg"}));
  EXPECT_EQ(shortened(line({.nested = false})), "left out: 2 inner folders (a, ...)");
}

TEST_F(ImageListingTest, OneBadEntryLosesNothingElse) {
  add("a.jpg");
  add("sub/b.jpg");
  add("sub.jpg/c.jpg");  // a folder, whatever its name
  fs::create_directory(folder_ / "empty.jpg");
  fs::create_symlink("..", folder_ / "sub/back");
  fs::create_symlink("nowhere.jpg", folder_ / "dangling.jpg");
  fs::create_symlink("self.jpg", folder_ / "self.jpg");
  fs::create_symlink("sub", folder_ / "link");
  fs::create_symlink("a.jpg", folder_ / "linked.jpg");
  ASSERT_EQ(::mkfifo((folder_ / "pipe.jpg").c_str(), 0600), 0);
  EXPECT_EQ(names(),
            (std::vector<std::string>{"a.jpg", "linked.jpg", "link/b.jpg", "sub/b.jpg", "sub.jpg/c.jpg"}));
  EXPECT_EQ(
      shortened(line()),
      "left out: 2 links to nowhere (dangling.jpg, ...); 2 links back to a folder above (link/back, ...); "
      "1 entry that is no file (pipe.jpg); 1 folder named like an image (empty.jpg)");
}

TEST_F(ImageListingTest, DoesNotLeaveTheFolderUpwards) {
  add("class/a.jpg");
  add("other/b.jpg");
  fs::create_symlink("..", folder_ / "class/up");
  fs::create_symlink("/", folder_ / "class/root");
  fs::create_symlink("../other", folder_ / "class/beside");
  const ImageListing listing = list_images(folder_ / "class");
  ASSERT_EQ(listing.files.size(), 2u);
  EXPECT_EQ(listing.files[0].name, "a.jpg");
  EXPECT_EQ(listing.files[1].name, "beside/b.jpg");
  EXPECT_EQ(listing.left_out.entries().size(), 2u) << listing.left_out.line();
}

// Root reads everything, so that a test run by root becomes nobody for a moment.
TEST_F(ImageListingTest, AFolderThatCannotBeReadLosesNothingElse) {
  add("a.jpg");
  add("locked/b.jpg");
  add("z.jpg");
  fs::permissions(folder_.path(), fs::perms(0755));
  fs::permissions(folder_ / "locked", fs::perms::none);
  const bool root = ::geteuid() == 0;
  if (root && ::seteuid(65534) != 0) GTEST_SKIP() << "root that cannot be another user";
  const std::vector<std::string> found = names();
  const std::string left_out = line();
  ASSERT_TRUE(!root || ::seteuid(0) == 0);
  fs::permissions(folder_ / "locked", fs::perms::owner_all);
  EXPECT_EQ(found, (std::vector<std::string>{"a.jpg", "z.jpg"}));
  EXPECT_EQ(shortened(left_out), "left out: 1 folder that cannot be read (locked)");
}

TEST_F(ImageListingTest, PassesOverHiddenEntriesAndWhatItIsTold) {
  for (const char* name : {"a.jpg", "._a.jpg", ".DS_Store", ".cache/b.jpg", "out/c.jpg"}) add(name);
  const ListingOptions options{.passes_over = [](const fs::path& path) { return path.filename() == "out"; }};
  EXPECT_EQ(names(options), (std::vector<std::string>{"a.jpg"}));
  EXPECT_EQ(line(options), "left out: 2 hidden");
}

TEST_F(ImageListingTest, TakesOtherKindsWhereItIsTold) {
  for (const char* name : {"a.jpg", "b.mp4"}) add(name);
  const ListingOptions films{.takes = [](const std::string& name) { return name.ends_with(".mp4"); }};
  EXPECT_EQ(names(films), (std::vector<std::string>{"b.mp4"}));
  EXPECT_EQ(line(films), "left out: 1 .jpg");
}

// Where every file is taken, an empty folder is still no image.
TEST_F(ImageListingTest, AnEmptyFolderIsNoImageThatIsMissing) {
  add("joy/a.jpg");
  for (const char* name : {"sad", "joy/v1.2", "b.jpg"}) fs::create_directories(folder_ / name);
  const ListingOptions all{.takes = [](const std::string&) { return true; }};
  EXPECT_EQ(names(all), (std::vector<std::string>{"joy/a.jpg"}));
  EXPECT_EQ(shortened(line(all)), "left out: 1 folder named like an image (b.jpg)");
}

TEST_F(ImageListingTest, TheLineIsOneLineWhateverTheNames) {
  for (int i = 0; i < 20; ++i) add("x.k" + std::to_string(i));
  add("a.\n\x1b[31m");
  add("a.\xff");
  fs::create_symlink("nowhere", folder_ / "l\n");
  const std::string text = line();
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("of other kinds"), std::string::npos) << text;
  EXPECT_EQ(list_images(folder_.path()).left_out.count(), 23);
}

TEST_F(ImageListingTest, AFolderThatIsNotThereIsAnError) {
  const std::string message = test::message_of<Error>([&] { list_images(folder_ / "none"); });
  EXPECT_NE(message.find("none: cannot be listed (No such file or directory)"), std::string::npos) << message;
}

TEST(LeftOut, AddsUp) {
  LeftOut one, other;
  one.add_file("a.gif");
  other.add_file("b.GIF");
  other.add_hidden();
  one.add(other);
  EXPECT_EQ(one.line(), "left out: 2 .gif; 1 hidden");
  EXPECT_EQ(one.count(), 3);
  EXPECT_FALSE(one.empty());
}

}  // namespace
}  // namespace poster::io
