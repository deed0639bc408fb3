// How a tree is gathered from its roots.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <tuple>

#include "engine/error.h"
#include "io/codec/image_reader.h"
#include "io/format/input_file.h"
#include "io/prepare/file_tree.h"

namespace poster::prepare {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxNestedArchive = std::uint64_t{1} << 40;
constexpr std::uint64_t kMaxTwin = std::uint64_t{4} << 30;

bool hidden(const std::string& name) { return name.empty() || name.front() == '.' || name == "__MACOSX"; }

bool hidden_path(const std::string& path) { return std::ranges::any_of(parts_of(path), hidden); }

bool is_archive(const std::string& name) { return extension_of(name) == ".zip"; }

std::string canonical_path(const fs::path& path) {
  std::error_code error;
  return fs::weakly_canonical(path, error).string();
}

std::string last_part(const std::string& root) {
  const std::string name = fs::path(root).filename().string();
  return name.empty() || name == "." || name == ".." ? fs::path(canonical_path(root)).filename().string()
                                                     : name;
}

// Twice the same images, under two names, would be neither known as such nor told apart.
void check_overlap(const std::vector<std::string>& folders) {
  for (const std::string& inner : folders)
    for (const std::string& outer : folders) {
      if (&inner == &outer) continue;
      const std::string in = canonical_path(inner), out = canonical_path(outer);
      if (in == out || in.starts_with(out + "/"))
        throw Error("--in: " + inner + " lies within " + outer + "; name one of them");
    }
}

}  // namespace

FileTree::FileTree(const std::vector<std::string>& roots, const std::string& excluded, const TextRules& text)
    : roots_(roots), text_(text) {
  std::error_code error;
  const std::string left_out = excluded.empty() ? "" : canonical_path(excluded);
  std::vector<std::string> folders;
  for (const std::string& root : roots) {
    if (!fs::exists(root, error)) throw Error(root + ": no such folder or archive; check --in");
    if (!fs::is_directory(root, error)) continue;
    if (canonical_path(root) == left_out)
      throw Error(root + ": is also where the output goes; name another folder with --out");
    folders.push_back(root);
  }
  check_overlap(folders);
  for (const std::string& folder : folders) add_root(folder, left_out);
  // Files and archives come after the folders in which they may lie.
  for (const std::string& root : roots)
    if (!fs::is_directory(root, error)) add_root(root, left_out);
  settle_twins();
  for (std::size_t i = 0; i < files_.size(); ++i) by_name_[base_name(files_[i].path)].push_back(i);
}

FileTree::~FileTree() {
  for (const OpenArchive& archive : archives_)
    if (archive.file >= 0) ::close(archive.file);
}

void FileTree::add_root(const std::string& root, const std::string& excluded) {
  std::error_code error;
  const std::string name = clean_name(last_part(root), text_);
  if (fs::is_directory(root, error))
    add_folder(root, roots_.size() > 1 ? name : "", excluded);
  else if (!name_known_file(root))
    add_file(root, is_archive(name) ? (roots_.size() > 1 ? name : "") : name, true);
}

// Whether the tree has the file already: then it keeps its place there, beside what it may list.
bool FileTree::name_known_file(const std::string& root) {
  const std::string path = canonical_path(root);
  bool known = false;
  for (TreeFile& file : files_) {
    if (file.archive >= 0 || base_name(file.disk) != base_name(path) || canonical_path(file.disk) != path)
      continue;
    file.named = known = true;
  }
  for (const OpenArchive& archive : archives_)
    known |= archive.file < 0 && canonical_path(archive.path) == path;
  return known;
}

void FileTree::add_folder(const std::string& folder, const std::string& prefix, const std::string& excluded) {
  io::ListingOptions options;
  options.takes = [](const std::string&) { return true; };
  options.passes_over = [&](const fs::path& inner) {
    return inner.filename() == "__MACOSX" || (!excluded.empty() && canonical_path(inner) == excluded);
  };
  const io::ImageListing listing = io::list_images(folder, options);
  for (const io::ListedFile& file : listing.files)
    add_file((fs::path(folder) / file.name).string(), joined_path(prefix, clean_name(file.name, text_)),
             false);
  for (const io::LeftOut::Entry& entry : listing.left_out.entries())
    left_out_.push_back({entry.path, "unreadable", io::describe(entry)});
  walked_.add(listing.left_out);
}

void FileTree::add_file(const std::string& disk, const std::string& path, bool is_root) {
  // Those of folders are known to be files; a named pipe, say, is refused before anything waits for it.
  if (is_root) io::InputFile{disk};
  if (is_archive(disk)) {
    archives_.push_back({disk, disk, -1});
    const bool named = !is_root || !path.empty();
    const std::string source = is_root ? clean_name(fs::path(disk).filename().string(), text_) : path;
    add_archive(static_cast<int>(archives_.size()) - 1, named ? path.substr(0, path.size() - 4) : "", source,
                false);
    return;
  }
  std::error_code error;
  const std::uintmax_t bytes = fs::file_size(disk, error);
  files_.push_back({path, path, error ? 0 : bytes, -1, 0, disk, is_root, false});
}

void FileTree::add_archive(int index, const std::string& prefix, const std::string& source, bool nested) {
  const Archive archive(archives_[index].path, archives_[index].name);
  std::vector<ArchiveEntry> entries = archive.entries(text_);
  std::erase_if(entries, [&](const ArchiveEntry& e) {
    const bool passed_over = hidden_path(e.name);
    if (passed_over && !e.name.starts_with("__MACOSX/")) walked_.add_hidden();
    return passed_over;
  });
  // "happy.zip" that holds nothing but "happy/..." is the same as a folder "happy".
  const std::string own = base_name(prefix) + "/";
  const bool doubled = !prefix.empty() && std::ranges::all_of(entries, [&](const ArchiveEntry& e) {
    return e.name.starts_with(own);
  });
  for (const ArchiveEntry& entry : entries) {
    const std::string path = joined_path(prefix, doubled ? entry.name.substr(own.size()) : entry.name);
    const std::string entry_source = source + "!" + entry.name;
    if (!is_archive(entry.name)) {
      files_.push_back(
          {path, entry_source, entry.bytes, index, entry.index, archives_[index].name, false, false});
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

// Files of one path: equal ones are copies, of which the first stays; others are twins.
void FileTree::settle_twins() {
  std::ranges::sort(files_, {}, [](const TreeFile& f) { return std::tie(f.path, f.source, f.disk); });
  std::vector<TreeFile> files;
  TreeReader reader(*this);
  const auto equal = [&](const TreeFile& a, const TreeFile& b) {
    if (a.bytes != b.bytes) return false;
    try {
      return reader.read(a, kMaxTwin) == reader.read(b, kMaxTwin);
    } catch (const Error&) {
      return false;
    }
  };
  for (TreeFile& file : files_) {
    bool copy = false;
    for (auto other = files.rbegin(); other != files.rend() && other->path == file.path && !copy; ++other) {
      copy = equal(*other, file);
      if (copy) {
        other->named |= file.named;
        left_out_.push_back({file.source,
                             std::string("a second copy of ") +
                                 (io::has_image_extension(file.path) ? "an image" : "a file") +
                                 " (in a zip and unpacked, say)",
                             "the first is " + other->source});
      } else {
        other->twin = file.twin = true;
      }
    }
    if (copy) continue;
    // Two folders of one name were given, or an archive has a name twice: told apart for people, too.
    if (file.twin)
      file.source = file.archive < 0
                        ? file.disk
                        : file.disk + "!" + file.path + " (entry " + std::to_string(file.entry) + ")";
    files.push_back(std::move(file));
  }
  files_ = std::move(files);
}

}  // namespace poster::prepare
