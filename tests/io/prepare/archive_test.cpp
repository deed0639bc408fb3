#include "io/prepare/archive.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "engine/error.h"
#include "io/prepare/file_tree.h"
#include "tests/support/aihub_set.h"
#include "tests/support/error_text.h"
#include "tests/support/trees.h"

namespace poster::prepare {
namespace {

using test::bytes_of;
using test::Files;

class Archives : public testing::Test {
 protected:
  std::string put(const std::string& name, const std::vector<std::uint8_t>& bytes) {
    const std::string path = folder_ / name;
    test::write_bytes(path, bytes);
    return path;
  }
  std::string read_error(const std::vector<std::uint8_t>& archive) {
    const std::string path = put("x.zip", archive);
    return test::error_of([&] {
      const Archive opened(path, "x.zip");
      opened.read(0, 1000, "x.zip!entry");
    });
  }
  test::TemporaryFolder folder_;
};

TEST_F(Archives, ReadsNamesAndContent) {
  test::ZipWriter zip;
  zip.add("folder/", {});
  zip.add("folder\\a.txt", bytes_of("hello"));
  zip.add(test::decomposed("기쁨.txt"), bytes_of("1"));
  zip.add(test::cp949("슬픔.txt"), bytes_of("2"), false);
  const Archive archive(put("x.zip", zip.finish()), "x.zip");
  const auto entries = archive.entries();
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].name, "folder/a.txt");
  EXPECT_EQ(entries[1].name, "기쁨.txt");
  EXPECT_EQ(entries[2].name, "슬픔.txt");
  EXPECT_EQ(archive.read(entries[0].index, 5, "e"), bytes_of("hello"));
}

TEST_F(Archives, RefusesBombs) {
  test::ZipWriter over_cap;
  over_cap.add("big", std::vector<std::uint8_t>(1001));
  test::expect_contains(read_error(over_cap.finish()),
                        "x.zip!entry: 1001 bytes in an archive, more than the limit of 1000");
  test::ZipWriter bomb;
  bomb.add("bomb", bytes_of("tiny"), true, 500u << 20);
  const std::string path = put("b.zip", bomb.finish());
  test::expect_contains(
      test::error_of([&] { Archive(path, "b.zip").read(0, std::uint64_t{1} << 30, "b.zip!bomb"); }),
      "zip bomb");
  // In an archive within the archive it would fill the disk.
  test::ZipWriter nested;
  nested.add("inner.zip", bytes_of("tiny"), true, 500u << 20);
  const std::string outer = put("n.zip", nested.finish());
  test::expect_contains(test::error_of([&] { FileTree tree({outer}); }), "zip bomb");
}

TEST_F(Archives, DamageIsAnError) {
  test::ZipWriter zip;
  zip.add("a", bytes_of("hello, hello, hello"));
  std::vector<std::uint8_t> flipped = zip.finish();
  flipped[35] ^= 1;
  test::expect_contains(read_error(flipped), "x.zip!entry: damaged in the archive");
  std::vector<std::uint8_t> cut = zip.finish();
  cut.resize(cut.size() - 10);
  test::expect_contains(read_error(cut), "x.zip: cannot be opened as a zip archive");
  test::expect_contains(read_error(bytes_of("no zip")), "x.zip: cannot be opened");
  test::expect_contains(test::error_of([] { Archive("/nowhere.zip", "/nowhere.zip"); }),
                        "/nowhere.zip: cannot be opened");
  // Every prefix and many flips of a small archive: an error or its content, never a crash.
  const std::vector<std::uint8_t> whole = zip.finish();
  int errors = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::vector<std::uint8_t> bytes = whole;
    bytes[i] ^= static_cast<std::uint8_t>(1 + i % 255);
    errors += !read_error(bytes).empty();
    errors += !read_error({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(i)}).empty();
  }
  EXPECT_GT(errors, static_cast<int>(whole.size()));
}

TEST_F(Archives, ATreeOfFoldersAndArchives) {
  test::write_files(folder_ / "in",
                    {{"b/2.txt", bytes_of("2")},
                     {"a/inner.zip", test::zipped({{"x/1.txt", bytes_of("1")},
                                                   {"y.zip", test::zipped({{"z/3.txt", bytes_of("3")}})}})},
                     {"happy.zip", test::zipped({{"happy/4.txt", bytes_of("4")}})},
                     {".hidden/5.txt", bytes_of("5")},
                     {"out/6.txt", bytes_of("6")}});
  const FileTree tree({folder_ / "in"}, folder_ / "in/out");
  std::map<std::string, std::string> found;
  TreeReader reader(tree);
  for (const TreeFile& file : tree.files()) {
    const auto bytes = reader.read(file, 10);
    found[file.path + "=" + std::string(bytes.begin(), bytes.end())] = file.source;
  }
  EXPECT_EQ(found, (std::map<std::string, std::string>{{"a/inner/x/1.txt=1", "a/inner.zip!x/1.txt"},
                                                       {"a/inner/y/z/3.txt=3", "a/inner.zip!y.zip!z/3.txt"},
                                                       {"b/2.txt=2", "b/2.txt"},
                                                       {"happy/4.txt=4", "happy.zip!happy/4.txt"}}));
  EXPECT_EQ(tree.ending_in("x/1.txt").size(), 1u);
  EXPECT_EQ(tree.ending_in("1.txt").size(), 1u);
  EXPECT_TRUE(tree.ending_in("inner/1.txt").empty());
  EXPECT_NE(tree.find("b/2.txt"), nullptr);
  EXPECT_EQ(tree.find("b"), nullptr);
  test::expect_contains(test::error_of([&] { reader.read(*tree.find("b/2.txt"), 0); }),
                        "b/2.txt: has 1 byte");
}

TEST_F(Archives, ThreadsReadTheSameNestedArchive) {
  Files inner;
  for (int i = 0; i < 200; ++i)
    inner[std::to_string(i)] = bytes_of(std::string(5000, static_cast<char>('a' + i % 26)));
  const std::string path = put("outer.zip", test::zipped({{"inner.zip", test::zipped(inner)}}));
  const FileTree tree({path});
  ASSERT_EQ(tree.files().size(), 200u);
  std::vector<std::jthread> threads;
  std::array<int, 4> right{};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      TreeReader reader(tree);
      for (const TreeFile& file : tree.files())
        right[t] += reader.read(file, 5000) == inner.at(base_name(file.path));
    });
  threads.clear();
  EXPECT_EQ(right, (std::array<int, 4>{200, 200, 200, 200}));
}

TEST_F(Archives, TreeErrors) {
  test::expect_contains(test::error_of([] { FileTree tree({"/nowhere"}); }),
                        "/nowhere: no such folder or archive; check --in");
  const auto deepest = test::zipped({{"3.zip", test::zipped({{"a", bytes_of("x")}})}});
  const std::string path = put("1.zip", test::zipped({{"2.zip", deepest}}));
  test::expect_contains(test::error_of([&] { FileTree tree({path}); }),
                        "archive in an archive in an archive");
  test::expect_contains(test::error_of([&] { FileTree tree({folder_.path()}, folder_.path()); }),
                        "also where the output goes");
  std::filesystem::remove(path);
  std::filesystem::create_directory_symlink(folder_.path(), folder_ / "loop");
  const FileTree circle({folder_.path()});
  ASSERT_EQ(circle.left_out().size(), 1u);
  test::expect_contains(circle.left_out_line(), "1 link back to a folder above");
}

TEST_F(Archives, WhatIsNoFileIsToldAndBlocksNothing) {
  test::write_files(folder_ / "in", {{"a/1.jpg", bytes_of("1")}});
  for (const char* name : {"a/pipe.jpg", "a/pipe.zip", "labels.csv"})
    ASSERT_EQ(::mkfifo((folder_ / "in" / name).c_str(), 0600), 0);
  std::filesystem::create_symlink("nowhere", folder_ / "in/a/gone.jpg");
  const FileTree tree({folder_ / "in"});
  EXPECT_EQ(tree.files().size(), 1u);
  EXPECT_EQ(tree.left_out().size(), 4u);
  test::expect_contains(tree.left_out_line(), "3 entries that are no files");
  test::expect_contains(tree.left_out_line(), "1 link to nowhere");
  for (const char* name : {"a/pipe.zip", "labels.csv"})
    test::expect_contains(test::error_of([&] { FileTree root({folder_ / "in" / name}); }),
                          "not a regular file");
}

TEST_F(Archives, RootsWithinEachOther) {
  test::write_files(folder_.path(), {{"x/train/a/1.jpg", bytes_of("1")}, {"y/train/a/1.jpg", bytes_of("2")}});
  test::expect_contains(test::error_of([&] {
                          FileTree tree({folder_ / "x", folder_ / "x/train"});
                        }),
                        "lies within");
  // Two folders of one name: both images are there, and can be told apart.
  const FileTree both({folder_ / "x/train", folder_ / "y/train"});
  ASSERT_EQ(both.files().size(), 2u);
  EXPECT_EQ(both.files()[0].path, both.files()[1].path);
  EXPECT_NE(both.files()[0].source, both.files()[1].source);
  // An archive that has a name twice.
  test::ZipWriter zip;
  zip.add("a/1.jpg", bytes_of("1"));
  zip.add("a/1.jpg", bytes_of("2"));
  zip.add("a/1.jpg", bytes_of("1"));
  const FileTree twice({put("twice.zip", zip.finish())});
  ASSERT_EQ(twice.files().size(), 2u);
  EXPECT_NE(twice.files()[0].source, twice.files()[1].source);
  EXPECT_EQ(twice.left_out().size(), 1u);
}

TEST_F(Archives, SeveralRootsKeepTheirNames) {
  test::write_files(folder_.path(), {{"one/a.txt", bytes_of("1")}, {"two/a.txt", bytes_of("2")}});
  put("three.zip", test::zipped({{"a.txt", bytes_of("3")}}));
  const FileTree tree({folder_ / "one", folder_ / "two/", folder_ / "three.zip"});
  std::vector<std::string> paths;
  for (const TreeFile& file : tree.files()) paths.push_back(file.path);
  EXPECT_EQ(paths, (std::vector<std::string>{"one/a.txt", "three/a.txt", "two/a.txt"}));
}

}  // namespace
}  // namespace poster::prepare
