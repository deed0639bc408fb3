#include "io/prepare/file_tree.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "engine/error.h"
#include "io/codec/image_reader.h"
#include "io/format/input_file.h"
#include "io/format/join.h"
#include "io/format/printable.h"

namespace poster::prepare {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxLabelFile = std::uint64_t{4} << 30;
constexpr std::size_t kOpenArchives = 4;  // of one reader: a big archive's directory takes memory
constexpr std::size_t kListedNames = 12;

// What reads a file on the disk begins its errors with the whole path; people know the file by its source.
template <typename Read>
auto told_by_source(const TreeFile& file, Read&& read) {
  try {
    return read();
  } catch (const Error& error) {
    std::string text = error.what();
    if (text.starts_with(file.disk)) text.replace(0, file.disk.size(), file.source);
    throw Error(text);
  }
}

}  // namespace

std::string FileTree::name() const { return io::join(roots_); }

const TreeFile* FileTree::find(const std::string& path) const {
  const auto found = std::ranges::lower_bound(files_, path, {}, &TreeFile::path);
  return found != files_.end() && found->path == path ? &*found : nullptr;
}

std::vector<const TreeFile*> FileTree::at(const std::string& path) const {
  std::vector<const TreeFile*> found;
  for (const TreeFile& file : std::ranges::equal_range(files_, path, {}, &TreeFile::path))
    found.push_back(&file);
  return found;
}

const TreeFile* FileTree::on_disk(const fs::path& path) const {
  const auto key = [](const fs::path& place) {
    std::error_code error;
    return fs::absolute(place, error).lexically_normal().string();
  };
  if (by_disk_.empty())
    for (std::size_t i = 0; i < files_.size(); ++i)
      if (files_[i].archive < 0) by_disk_.emplace(key(files_[i].disk), i);
  const auto found = by_disk_.find(key(path));
  return found == by_disk_.end() ? nullptr : &files_[found->second];
}

std::vector<const TreeFile*> FileTree::ending_in(const std::string& tail) const {
  std::vector<const TreeFile*> found;
  const auto same_name = by_name_.find(base_name(tail));
  if (same_name == by_name_.end()) return found;
  for (const std::size_t i : same_name->second) {
    const std::string& path = files_[i].path;
    if (path == tail || path.ends_with("/" + tail)) found.push_back(&files_[i]);
  }
  return found;
}

std::vector<const TreeFile*> FileTree::named(const std::function<bool(const std::string&)>& accept) const {
  std::vector<const TreeFile*> found;
  for (const TreeFile& file : files_)
    if (accept(base_name(file.path))) found.push_back(&file);
  return found;
}

std::string FileTree::text(const TreeFile& file) const {
  use(file);
  bool guessed = false;
  std::string text = to_utf8(TreeReader(*this).read_text(file, kMaxLabelFile), file.source, text_, &guessed);
  const std::string note = file.source + ": no UTF-8; read as CP949 (Korea); --encoding says otherwise";
  if (guessed && std::ranges::find(notes_, note) == notes_.end()) notes_.push_back(note);
  return text;
}

std::string FileTree::left_out_line() const {
  io::LeftOut all = walked_;
  for (const TreeFile& file : files_)
    if (!io::has_image_extension(file.path) && !used_.contains(file.source))
      all.add_file(base_name(file.path));
  return all.line();
}

std::string FileTree::contents() const {
  struct Count {
    std::size_t files = 0, images = 0;
    bool folder = false;
  };
  std::map<std::string, Count> tops;
  for (const TreeFile& file : files_) {
    // Two levels tell a layout; one where there are many.
    const std::vector<std::string> parts = parts_of(file.path);
    std::string top = parts.front();
    if (parts.size() > 2) top += "/" + parts[1];
    Count& count = tops[top];
    count.folder |= parts.size() > 1;
    ++count.files;
    count.images += io::has_image_extension(file.path);
  }
  if (tops.empty()) return "nothing";
  std::string text;
  std::size_t listed = 0;
  for (const auto& [name, count] : tops) {
    if (++listed > kListedNames) return text + ", ... (" + std::to_string(tops.size()) + " in all)";
    io::add_part(text, io::printable(name));
    if (count.folder)
      text += "/ (" +
              (count.images > 0 ? std::to_string(count.images) + " images"
                                : std::to_string(count.files) + " files") +
              ")";
  }
  return text;
}

const Archive& TreeReader::archive(int index) {
  const auto at = std::ranges::find(open_, index, &std::pair<int, Archive>::first);
  if (at != open_.end()) {
    open_.splice(open_.begin(), open_, at);
  } else {
    if (open_.size() >= kOpenArchives) open_.pop_back();
    open_.emplace_front(index, Archive(tree_.archives_[index].path, tree_.archives_[index].name));
  }
  return open_.front().second;
}

std::vector<std::uint8_t> TreeReader::read(const TreeFile& file, std::uint64_t cap) {
  if (file.archive >= 0) return archive(file.archive).read(file.entry, cap, file.source);
  return told_by_source(file, [&] { return io::read_file_bytes(file.disk, cap); });
}

std::string TreeReader::read_text(const TreeFile& file, std::uint64_t cap) {
  if (file.archive >= 0) return archive(file.archive).read_text(file.entry, cap, file.source);
  return told_by_source(file, [&] { return io::read_file(file.disk, cap); });
}

}  // namespace poster::prepare
