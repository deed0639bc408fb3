// What the tests of single sets share: a look-alike of a set on disk and in an archive, and what was found.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/error.h"
#include "io/prepare/prepare.h"
#include "tests/support/error_text.h"
#include "tests/support/made_images.h"
#include "tests/support/trees.h"

namespace poster::prepare {

using test::bytes_of;
using test::Files;
using Counts = std::map<std::string, std::size_t>;

class PrepareSets : public testing::Test {
 protected:
  std::string in() const { return folder_ / "in"; }

  Collection collect(const std::string& set, const Files& files, const SourceOptions& options = {}) {
    std::filesystem::remove_all(in());
    std::filesystem::create_directories(in());
    test::write_files(in(), files);
    const FileTree tree({in()});
    Collection from_folder = collect_set(source_set(set), tree, options);
    // The same in an archive.
    const std::string archive = folder_ / "in.zip";
    test::write_bytes(archive, test::zipped(files));
    const FileTree packed({archive});
    const Collection from_archive = collect_set(source_set(set), packed, options);
    EXPECT_EQ(from_archive.items.size(), from_folder.items.size());
    for (std::size_t i = 0; i < std::min(from_archive.items.size(), from_folder.items.size()); ++i) {
      EXPECT_EQ(from_archive.items[i].file.path, from_folder.items[i].file.path);
      EXPECT_EQ(from_archive.items[i].label, from_folder.items[i].label);
    }
    return from_folder;
  }

  std::string error_of(const std::string& set, const Files& files, const SourceOptions& options = {}) {
    std::filesystem::remove_all(in());
    std::filesystem::create_directories(in());
    test::write_files(in(), files);
    const FileTree tree({in()});
    return test::error_of([&] { collect_set(source_set(set), tree, options); });
  }

  // What a tree that isn't the set's is answered with.
  void expect_tree_error(const std::string& set) {
    const std::string error = error_of(set, {{"notes.md", bytes_of("x")}, {"a/b/c.dat", bytes_of("x")}});
    test::expect_contains(error, in());
    test::expect_contains(error, "expected " + source_set(set).expected);
    test::expect_contains(error, "found a/b/ (1 files), notes.md");
    test::expect_contains(error, "--in");
    EXPECT_EQ(error.find('\n'), std::string::npos);
  }

  Summary prepared(const std::string& set, const std::string& map = "") {
    PrepareOptions options;
    options.set = set;
    options.in = {in()};
    options.out = folder_ / "out";
    options.faces = Faces::none;
    options.map = map;
    options.threads = 2;
    return prepare(options);
  }

  test::TemporaryFolder folder_;
};

inline Counts labels(const Collection& collection) {
  Counts counts;
  for (const Item& item : collection.items) ++counts[item.label];
  return counts;
}

inline Counts splits(const Collection& collection) {
  Counts counts;
  for (const Item& item : collection.items) ++counts[item.split ? split_name(*item.split) : "none"];
  return counts;
}

inline std::set<std::string> persons(const Collection& collection) {
  std::set<std::string> names;
  for (const Item& item : collection.items) names.insert(item.person);
  return names;
}

inline Counts reasons(const std::vector<LeftOut>& left_out) {
  Counts counts;
  for (const LeftOut& one : left_out) ++counts[one.reason];
  return counts;
}

inline std::string numbered(const char* format, int number) {
  char text[64];
  std::snprintf(text, sizeof text, format, number);
  return text;
}

}  // namespace poster::prepare
