#include "io/prepare/file_tree.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <tuple>

#include "engine/error.h"
#include "io/image_reader.h"
#include "io/prepare/text_encoding.h"

namespace poster::prepare {
namespace {

namespace fs = std::filesystem;

constexpr int kDeepest = 32;  // folders in folders; links may lead in circles
constexpr std::uint64_t kMaxLabelFile = std::uint64_t{4} << 30;
constexpr std::uint64_t kMaxNestedArchive = std::uint64_t{1} << 40;
constexpr std::size_t kOpenArchives = 4;  // of one reader: a big archive's directory takes memory
constexpr std::size_t kListedNames = 12;

bool hidden(const std::string& name) { return name.empty() || name.front() == '.' || name == "__MACOSX"; }

bool hidden_path(const std::string& path) { return std::ranges::any_of(parts_of(path), hidden); }

bool is_archive(const std::string& name) { return extension_of(name) == ".zip"; }

std::string joined(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : prefix + "/" + name;
}

}  // namespace

FileTree::FileTree(const std::vector<std::string>& roots, const std::string& excluded) : roots_(roots) {
  std::error_code error;
  const std::string left_out = excluded.empty() ? "" : fs::weakly_canonical(excluded, error).string();
  for (const std::string& root : roots) {
    if (!fs::exists(root, error)) throw Error(root + ": no such folder or archive; check --in");
    std::string name = fs::path(root).filename().string();
    if (name.empty() || name == "." || name == "..") name = fs::canonical(root, error).filename().string();
    name = clean_name(name);
    if (fs::is_directory(root, error)) {
      if (fs::weakly_canonical(root, error).string() == left_out)
        throw Error(root + ": is also where the output goes; name another folder with --out");
      add_folder(root, roots.size() > 1 ? name : "", left_out, 0);
    } else {
      add_file(root, is_archive(name) ? (roots.size() > 1 ? name : "") : name, true);
    }
  }
  std::ranges::sort(files_, {}, [](const TreeFile& f) { return std::tie(f.path, f.source); });
  for (std::size_t i = 0; i < files_.size(); ++i) by_name_[base_name(files_[i].path)].push_back(i);
}

FileTree::~FileTree() {
  for (const OpenArchive& archive : archives_)
    if (archive.file >= 0) ::close(archive.file);
}

void FileTree::add_folder(const std::string& folder, const std::string& prefix, const std::string& excluded,
                          int depth) {
  if (depth > kDeepest) throw Error(folder + ": folders more than 32 deep; does a link lead in a circle?");
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string raw = it->path().filename().string(), name = clean_name(raw);
    std::error_code status;
    if (hidden(name)) continue;
    if (it->is_directory(status)) {
      if (excluded.empty() || fs::weakly_canonical(it->path(), status).string() != excluded)
        add_folder(it->path().string(), joined(prefix, name), excluded, depth + 1);
    } else {
      add_file(it->path().string(), joined(prefix, name), false);
    }
  }
  if (error) throw Error(folder + ": cannot be listed (" + error.message() + "); check its permissions");
}

void FileTree::add_file(const std::string& disk, const std::string& path, bool is_root) {
  if (is_archive(disk)) {
    archives_.push_back({disk, disk, -1});
    const bool named = !is_root || !path.empty();
    const std::string source = is_root ? clean_name(fs::path(disk).filename().string()) : path;
    add_archive(static_cast<int>(archives_.size()) - 1, named ? path.substr(0, path.size() - 4) : "", source,
                false);
    return;
  }
  std::error_code error;
  const std::uintmax_t bytes = fs::file_size(disk, error);  // a link to nowhere is found when it is read
  files_.push_back({path, path, error ? 0 : bytes, -1, 0, disk});
}

void FileTree::add_archive(int index, const std::string& prefix, const std::string& source, bool nested) {
  const Archive archive(archives_[index].path, archives_[index].name);
  std::vector<ArchiveEntry> entries = archive.entries();
  std::erase_if(entries, [](const ArchiveEntry& e) { return hidden_path(e.name); });
  // "happy.zip" that holds nothing but "happy/..." is the same as a folder "happy".
  const std::string own = base_name(prefix) + "/";
  const bool doubled = !prefix.empty() && std::ranges::all_of(entries, [&](const ArchiveEntry& e) {
    return e.name.starts_with(own);
  });
  for (const ArchiveEntry& entry : entries) {
    const std::string path = joined(prefix, doubled ? entry.name.substr(own.size()) : entry.name);
    const std::string entry_source = source + "!" + entry.name;
    if (!is_archive(entry.name)) {
      files_.push_back({path, entry_source, entry.bytes, index, entry.index, archives_[index].name});
    } else if (nested) {
      throw Error(archives_[index].name + "!" + entry.name +
                  ": an archive in an archive in an archive; unpack the outermost one");
    } else {
      const int inner = unpack(archive, entry, archives_[index].name + "!" + entry.name);
      add_archive(inner, path.substr(0, path.size() - 4), entry_source, true);
    }
  }
}

int FileTree::unpack(const Archive& outer, const ArchiveEntry& entry, const std::string& source) {
  std::string pattern = (fs::temp_directory_path() / "poster_prepare_XXXXXX").string();
  const int file = ::mkstemp(pattern.data());
  if (file < 0) throw Error(pattern + ": cannot be created; set TMPDIR to a folder that can be written");
  ::unlink(pattern.c_str());
  // Opened again by this name, it has a position of its own for each thread.
  archives_.push_back({"/proc/self/fd/" + std::to_string(file), source, file});
  outer.copy_to(entry.index, file, kMaxNestedArchive, source);
  return static_cast<int>(archives_.size()) - 1;
}

std::string FileTree::name() const {
  std::string text;
  for (const std::string& root : roots_) text += (text.empty() ? "" : ", ") + root;
  return text;
}

const TreeFile* FileTree::find(const std::string& path) const {
  const auto at = std::ranges::lower_bound(files_, path, {}, &TreeFile::path);
  return at != files_.end() && at->path == path ? &*at : nullptr;
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
  TreeReader reader(*this);
  const std::vector<std::uint8_t> bytes = reader.read(file, kMaxLabelFile);
  return to_utf8({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, file.source);
}

std::string FileTree::contents() const {
  struct Count {
    std::size_t files = 0, pictures = 0;
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
    count.pictures += io::has_picture_extension(file.path);
  }
  if (tops.empty()) return "nothing";
  std::string text;
  std::size_t listed = 0;
  for (const auto& [name, count] : tops) {
    if (++listed > kListedNames) return text + ", ... (" + std::to_string(tops.size()) + " in all)";
    text += (text.empty() ? "" : ", ") + name;
    if (count.folder)
      text += "/ (" +
              (count.pictures > 0 ? std::to_string(count.pictures) + " pictures"
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
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file.disk, error);
  if (error) throw Error(file.source + ": cannot be read (" + error.message() + "); check the file");
  if (size > cap)
    throw Error(file.source + ": a file of " + std::to_string(size) + " bytes, more than the limit of " +
                std::to_string(cap) + "; is it the right file?");
  std::vector<std::uint8_t> bytes(size);
  std::ifstream stream(file.disk, std::ios::binary);
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  if (!stream || stream.gcount() != static_cast<std::streamsize>(size))
    throw Error(file.source + ": cannot be read; check its permissions and the disk");
  return bytes;
}

}  // namespace poster::prepare
