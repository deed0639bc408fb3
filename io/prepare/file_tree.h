// All files below some folders and zip archives, as one tree: an archive counts as a folder of its name
// without ".zip", also when it lies in another archive (one level deep). Nothing is unpacked, but for an
// archive in an archive, which becomes an unnamed temporary file while the tree lives.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/prepare/archive.h"

namespace poster::prepare {

struct TreeFile {
  std::string path;    // below its root, "/" between parts, in Unicode normal form C
  std::string source;  // for people: the same with "archive.zip!entry"
  std::uint64_t bytes = 0;
  int archive = -1;         // which one it lies in; -1: on the disk
  std::uint64_t entry = 0;  // its index there
  std::string disk;         // where it lies on the disk
};

class FileTree {
 public:
  // Each root is a folder, a zip archive or a single file. With several, each path begins with its root's
  // name. Left out: names that begin with a dot, "__MACOSX", `excluded` (a folder that the program itself
  // writes). Throws poster::Error: a root that is missing, a folder that cannot be listed, a damaged archive.
  explicit FileTree(const std::vector<std::string>& roots, const std::string& excluded = "");
  ~FileTree();
  FileTree(const FileTree&) = delete;
  FileTree& operator=(const FileTree&) = delete;

  // By path, in byte order.
  const std::vector<TreeFile>& files() const { return files_; }
  // "a, b": the roots as they were named.
  std::string name() const;
  // Null: no such path.
  const TreeFile* find(const std::string& path) const;
  // Files whose name is this, or whose path ends in "/" and this; in byte order of their paths.
  std::vector<const TreeFile*> ending_in(const std::string& tail) const;
  // Files for whose last part `accept` says yes.
  std::vector<const TreeFile*> named(const std::function<bool(const std::string&)>& accept) const;
  // A label file, as UTF-8. For one thread.
  std::string text(const TreeFile& file) const;
  // What the tree holds, for messages: "train/ (120 pictures), labels.csv, ...".
  std::string contents() const;

 private:
  friend class TreeReader;
  struct OpenArchive {
    std::string path;  // what to open
    std::string name;
    int file = -1;  // of an unpacked archive
  };
  void add_folder(const std::string& folder, const std::string& prefix, const std::string& excluded,
                  int depth);
  void add_file(const std::string& disk, const std::string& path, bool is_root);
  void add_archive(int archive, const std::string& prefix, const std::string& source, bool nested);
  int unpack(const Archive& outer, const ArchiveEntry& entry, const std::string& source);

  std::vector<std::string> roots_;
  std::vector<OpenArchive> archives_;
  std::vector<TreeFile> files_;
  std::unordered_map<std::string, std::vector<std::size_t>> by_name_;
};

// Reads a tree's files. Not for several threads at once: one each.
class TreeReader {
 public:
  explicit TreeReader(const FileTree& tree) : tree_(tree) {}
  // Throws poster::Error that begins with the file's source: more than `cap` bytes, cannot be read.
  std::vector<std::uint8_t> read(const TreeFile& file, std::uint64_t cap);

 private:
  const Archive& archive(int index);

  const FileTree& tree_;
  std::list<std::pair<int, Archive>> open_;  // the last used first
};

// The part of a path after the last "/", and what stands before that.
std::string base_name(const std::string& path);
std::string folder_name(const std::string& path);
// "a/b.c.jpg" -> "b.c"; and ".jpg", in lower case.
std::string stem_of(const std::string& path);
std::string extension_of(const std::string& path);
// The parts between the "/".
std::vector<std::string> parts_of(const std::string& path);

}  // namespace poster::prepare
