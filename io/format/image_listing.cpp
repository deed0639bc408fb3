#include "io/format/image_listing.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "engine/error.h"
#include "io/format/ascii.h"
#include "io/format/join.h"
#include "io/format/printable.h"

namespace poster::io {
namespace {

namespace fs = std::filesystem;
using Trouble = LeftOut::Trouble;

constexpr std::size_t kListedKinds = 8;
constexpr std::size_t kLongestExtension = 12;  // a longer one is part of a name with a dot in it

std::string system_words(int error) { return std::generic_category().message(error); }

// "1 link to nowhere", "2 links to nowhere".
std::string counted(Trouble trouble, std::size_t count) {
  const std::string s = count == 1 ? "" : "s", number = std::to_string(count) + " ";
  switch (trouble) {
    case Trouble::link_to_nowhere:
      return number + "link" + s + " to nowhere";
    case Trouble::link_back:
      return number + "link" + s + " back to a folder above";
    case Trouble::unreadable_folder:
      return number + "folder" + s + " that cannot be read";
    case Trouble::unreadable_file:
      return number + "file" + s + " that cannot be read";
    case Trouble::no_file:
      return number + (count == 1 ? "entry that is no file" : "entries that are no files");
    case Trouble::image_folder:
      return number + "folder" + s + " named like an image";
    case Trouble::inner_folder:
      return number + "inner folder" + s;
    case Trouble::beside_classes:
      return number + "image" + s + " beside the class folders";
  }
  return "";
}

// Depth first, in any order; sorted at the end.
class Walk {
 public:
  Walk(const ListingOptions& options, ImageListing& listing, const fs::path& folder)
      : options_(options), listing_(listing) {
    // A link that leads out of the folder and to one above it would lead in again.
    std::error_code error;
    struct stat status {};
    for (fs::path up = fs::canonical(folder, error); !error && up.has_relative_path();) {
      up = up.parent_path();
      if (::stat(up.c_str(), &status) == 0) above_.push_back({status.st_dev, status.st_ino});
    }
  }

  // The error, or 0, of listing the folder itself.
  int folder(const fs::path& path, const std::string& prefix, const struct stat& status) {
    std::error_code error;
    std::vector<std::string> names;
    for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error))
      names.push_back(it->path().filename().string());
    // What was listed before an error is taken all the same.
    std::ranges::sort(names);
    above_.push_back({status.st_dev, status.st_ino});
    for (const std::string& name : names) entry(path / name, prefix, name);
    above_.pop_back();
    return error.value();
  }

  void sort() {
    // The folder's path is compared first, then the name: "a/z.jpg" comes before "a/b/c.jpg".
    const auto key = [](const ListedFile& file) {
      const std::size_t slash = file.name.rfind('/');
      const std::string_view name = file.name;
      return slash == std::string::npos ? std::pair(std::string_view(), name)
                                        : std::pair(name.substr(0, slash), name.substr(slash + 1));
    };
    std::ranges::sort(listing_.files, {}, key);
  }

 private:
  void entry(const fs::path& path, const std::string& prefix, const std::string& name) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
      const int error = errno;
      struct stat link {};
      const bool is_link = ::lstat(path.c_str(), &link) == 0 && S_ISLNK(link.st_mode);
      const bool nowhere = is_link && (error == ENOENT || error == ENOTDIR || error == ELOOP);
      if (!is_link && error == ENOENT) return;  // removed since it was listed
      leave_out(nowhere ? Trouble::link_to_nowhere : Trouble::unreadable_file, path, system_words(error));
    } else if (S_ISDIR(status.st_mode)) {
      inner_folder(path, prefix, name, status);
    } else if (!options_.takes(name)) {
      if (name.front() != '.') listing_.left_out.add_file(name);
    } else if (name.front() == '.') {
      listing_.left_out.add_hidden();
    } else if (!S_ISREG(status.st_mode)) {
      leave_out(Trouble::no_file, path, "");
    } else {
      listing_.files.push_back({prefix + name, static_cast<std::uint64_t>(status.st_size)});
    }
  }

  void inner_folder(const fs::path& path, const std::string& prefix, const std::string& name,
                    const struct stat& status) {
    if (options_.passes_over && options_.passes_over(path)) return;
    if (name.front() == '.') return listing_.left_out.add_hidden();
    if (!options_.nested) return leave_out(Trouble::inner_folder, path, "");
    if (std::ranges::find(above_, std::pair(status.st_dev, status.st_ino)) != above_.end())
      return leave_out(Trouble::link_back, path, "");
    const std::size_t before = listing_.files.size();
    if (const int error = folder(path, prefix + name + "/", status))
      leave_out(Trouble::unreadable_folder, path, system_words(error));
    else if (options_.takes(name) && has_image_extension(name) && listing_.files.size() == before)
      leave_out(Trouble::image_folder, path, "");
  }

  void leave_out(Trouble trouble, const fs::path& path, std::string why) {
    listing_.left_out.add({trouble, path.string(), std::move(why)});
  }

  const ListingOptions& options_;
  ImageListing& listing_;
  std::vector<std::pair<dev_t, ino_t>> above_;  // the folders on the way down from the root
};

}  // namespace

bool has_image_extension(const std::string& name) {
  static constexpr std::array extensions = {".jpg", ".jpeg", ".png",  ".ppm",  ".bmp", ".pgm",
                                            ".tif", ".tiff", ".webp", ".jfif", ".jpe", ".jif"};
  const std::string ending = lower(name.substr(name.size() - std::min<std::size_t>(name.size(), 5)));
  return std::ranges::any_of(extensions, [&](const char* each) { return ending.ends_with(each); });
}

void LeftOut::add_file(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  const bool has_extension =
      dot != std::string::npos && dot > 0 && dot + 1 < name.size() && name.size() - dot <= kLongestExtension;
  ++kinds_[has_extension ? lower(name.substr(dot)) : ""];
}

void LeftOut::add(const LeftOut& other) {
  for (const auto& [kind, count] : other.kinds_) kinds_[kind] += count;
  hidden_ += other.hidden_;
  entries_.insert(entries_.end(), other.entries_.begin(), other.entries_.end());
}

std::int64_t LeftOut::count() const {
  std::int64_t count = hidden_ + std::ssize(entries_);
  for (const auto& [kind, number] : kinds_) count += number;
  return count;
}

std::string LeftOut::line() const {
  std::vector<std::string> groups;
  if (!kinds_.empty()) {
    std::vector<std::pair<std::int64_t, std::string>> kinds;
    kinds.reserve(kinds_.size());
    for (const auto& [kind, count] : kinds_) kinds.emplace_back(-count, kind);
    std::ranges::sort(kinds);
    std::string text;
    std::int64_t others = 0;
    for (std::size_t i = 0; i < kinds.size(); ++i) {
      const auto& [negative, kind] = kinds[i];
      if (i >= kListedKinds) {
        others -= negative;
        continue;
      }
      add_part(text,
               std::to_string(-negative) + " " + (kind.empty() ? "without extension" : printable(kind)));
    }
    if (others > 0) text += ", " + std::to_string(others) + " of other kinds";
    groups.push_back(text);
  }
  if (hidden_ > 0) groups.push_back(std::to_string(hidden_) + " hidden");
  std::map<Trouble, std::vector<const Entry*>> troubles;
  for (const Entry& entry : entries_) troubles[entry.trouble].push_back(&entry);
  for (const auto& [trouble, entries] : troubles)
    groups.push_back(counted(trouble, entries.size()) + " (" + printable(entries.front()->path) +
                     (entries.size() > 1 ? ", ..." : "") + ")");
  std::string line;
  for (const std::string& group : groups) line += (line.empty() ? "left out: " : "; ") + group;
  return line;
}

std::string describe(const LeftOut::Entry& entry) {
  std::string path = printable(entry.path);
  const std::string why = entry.why.empty() ? "" : " (" + entry.why + ")";
  switch (entry.trouble) {
    case Trouble::link_to_nowhere:
      return path + ": a link to nowhere" + why + "; remove it or mend what it links to";
    case Trouble::link_back:
      return path + ": a link back to a folder above it; it is not followed";
    case Trouble::unreadable_folder:
      return path + ": a folder that cannot be read" + why + "; check its permissions";
    case Trouble::unreadable_file:
      return path + ": cannot be read" + why + "; check its permissions";
    case Trouble::no_file:
      return path + ": not a regular file; remove or rename it";
    case Trouble::image_folder:
      return path + ": a folder that is named like an image; rename or remove it";
    case Trouble::inner_folder:
      return path + ": a folder within a folder; its images are not taken";
    case Trouble::beside_classes:
      return path + ": lies beside the class folders; move it into one of them";
  }
  return path;
}

ImageListing list_images(const fs::path& folder, const ListingOptions& options) {
  ImageListing listing;
  struct stat status {};
  int error = ::stat(folder.c_str(), &status) == 0 ? 0 : errno;
  Walk walk(options, listing, folder);
  if (error == 0) error = walk.folder(folder, "", status);
  if (error != 0)
    throw Error(folder.string() + ": cannot be listed (" + system_words(error) + "); check its permissions");
  walk.sort();
  return listing;
}

}  // namespace poster::io
