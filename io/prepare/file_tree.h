// All files below some folders and zip archives, as one tree: an archive counts as a folder of its name
// without ".zip", also when it lies in another archive (one level deep). Nothing is unpacked, but for an
// archive in an archive, which becomes an unnamed temporary file while the tree lives.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/format/image_listing.h"
#include "io/prepare/archive.h"
#include "io/prepare/left_out.h"
#include "io/prepare/text_encoding.h"

namespace poster::prepare {

struct TreeFile {
  std::string path;    // below its root, "/" between parts, in Unicode normal form C
  std::string source;  // for people: the same with "archive.zip!entry"
  std::uint64_t bytes = 0;
  int archive = -1;         // which one it lies in; -1: on the disk
  std::uint64_t entry = 0;  // its index there
  std::string disk;         // where it lies on the disk
  bool named = false;       // a root by itself: the user named this file
  bool twin = false;        // another file, of other content, has the same path
};

class FileTree {
 public:
  // Each root is a folder, a zip archive or a single file. With several, each path begins with its root's
  // name; a file that lies in one of the other roots has its path there. Left out: names that begin with a
  // dot, "__MACOSX", `excluded` (a folder that the program itself writes), second copies (a file that lies
  // in a zip and unpacked), and what left_out() tells. Throws poster::Error: a root that is missing or within
  // another, a folder among them that cannot be listed, a damaged archive.
  explicit FileTree(const std::vector<std::string>& roots, const std::string& excluded = "",
                    const TextRules& text = {});
  ~FileTree();
  FileTree(const FileTree&) = delete;
  FileTree& operator=(const FileTree&) = delete;

  // By path, in byte order.
  const std::vector<TreeFile>& files() const { return files_; }
  // "a, b": the roots as they were named.
  std::string name() const;
  // Null: no such path.
  const TreeFile* find(const std::string& path) const;
  // Files of this path: several where they are twins.
  std::vector<const TreeFile*> at(const std::string& path) const;
  // The file that lies there on the disk; null: none of the tree's.
  const TreeFile* on_disk(const std::filesystem::path& path) const;
  // Files whose name is this, or whose path ends in "/" and this; in byte order of their paths.
  std::vector<const TreeFile*> ending_in(const std::string& tail) const;
  // Files for whose last part `accept` says yes.
  std::vector<const TreeFile*> named(const std::function<bool(const std::string&)>& accept) const;
  // A label file, as UTF-8. Counts as used. For one thread.
  std::string text(const TreeFile& file) const;
  // A file that was read otherwise, and isn't left over.
  void use(const TreeFile& file) const { used_.insert(file.source); }
  // What the tree holds, for messages: "train/ (120 images), labels.csv, ...".
  std::string contents() const;

  // What was not taken: second copies, links to nowhere, what is no file.
  const std::vector<LeftOut>& left_out() const { return left_out_; }
  // That, and files that are neither images nor used, by kind and number, in one line; empty: nothing.
  std::string left_out_line() const;
  // What was guessed about texts.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  friend class TreeReader;
  struct OpenArchive {
    std::string path;  // what to open
    std::string name;
    int file = -1;  // of an unpacked archive
  };
  void add_root(const std::string& root, const std::string& excluded);
  void add_folder(const std::string& folder, const std::string& prefix, const std::string& excluded);
  void add_file(const std::string& disk, const std::string& path, bool is_root);
  void add_archive(int archive, const std::string& prefix, const std::string& source, bool nested);
  int unpack(const Archive& outer, const ArchiveEntry& entry, const std::string& source);
  bool name_known_file(const std::string& root);
  void settle_twins();

  std::vector<std::string> roots_;
  TextRules text_;
  std::vector<OpenArchive> archives_;
  std::vector<TreeFile> files_;
  std::unordered_map<std::string, std::vector<std::size_t>> by_name_;
  std::vector<LeftOut> left_out_;
  io::LeftOut walked_;
  mutable std::vector<std::string> notes_;
  mutable std::set<std::string> used_;
  mutable std::unordered_map<std::string, std::size_t> by_disk_;
};

// Reads a tree's files. Not for several threads at once: one each.
class TreeReader {
 public:
  explicit TreeReader(const FileTree& tree) : tree_(tree) {}
  // Throws poster::Error that begins with the file's source: more than `cap` bytes, cannot be read.
  std::vector<std::uint8_t> read(const TreeFile& file, std::uint64_t cap);
  std::string read_text(const TreeFile& file, std::uint64_t cap);

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
// "a/b" and "c.jpg" -> "a/b/c.jpg"; an empty folder is the root.
std::string joined_path(const std::string& folder, const std::string& name);

}  // namespace poster::prepare
