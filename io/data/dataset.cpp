#include "io/data/dataset.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "engine/error.h"
#include "engine/random.h"
#include "io/codec/image_reader.h"
#include "io/format/ascii.h"
#include "io/format/join.h"
#include "io/format/quoted_name.h"
#include "io/format/shell_line.h"
#include "io/format/utf8.h"

namespace poster::io {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kListedNames = 12;

std::string joined(const std::vector<std::string>& names) {
  std::string text = join(first_of(names, kListedNames));
  if (names.size() > kListedNames) text += ", ... (" + std::to_string(names.size()) + " in all)";
  return names.empty() ? "nothing" : text;
}

// The entries of a folder in byte order, hidden ones left out.
std::vector<fs::directory_entry> entries_of(const std::string& folder) {
  std::error_code error;
  std::vector<fs::directory_entry> entries;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (it->path().filename().string().front() != '.') entries.push_back(*it);
  if (error) throw Error(folder + ": cannot be listed (" + error.message() + "); check its permissions");
  std::ranges::sort(entries, {}, [](const fs::directory_entry& e) { return e.path().filename().string(); });
  return entries;
}

bool is_folder(const fs::directory_entry& entry) {
  std::error_code error;
  return entry.is_directory(error);
}

// What a folder holds, for messages: folders with a slash behind them.
std::string contents(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : entries_of(folder))
    names.push_back(entry.path().filename().string() + (is_folder(entry) ? "/" : ""));
  return joined(names);
}

bool has_flat_extension(const std::string& name) {
  const std::string extension = lower(fs::path(name).extension().string());
  for (const char* each : {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
    if (extension == each) return true;
  return false;
}

// Nothing that was meant to be trained on is lost with it, or it is said by number.
bool is_harmless(const LeftOut::Entry& entry) {
  using Trouble = LeftOut::Trouble;
  return entry.trouble == Trouble::link_back || entry.trouble == Trouble::inner_folder ||
         (entry.trouble == Trouble::link_to_nowhere && !has_image_extension(entry.path));
}

}  // namespace

std::string listing_text(std::uint64_t listing_hash) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(listing_hash));
  return text;
}

std::vector<std::int64_t> Dataset::class_counts() const {
  std::vector<std::int64_t> counts(classes_.size());
  for (std::int64_t i = 0; i < size(); ++i) ++counts[static_cast<std::size_t>(label(i))];
  return counts;
}

std::vector<std::int32_t> Dataset::labels() const {
  std::vector<std::int32_t> labels(static_cast<std::size_t>(size()));
  for (std::int64_t i = 0; i < size(); ++i) labels[static_cast<std::size_t>(i)] = label(i);
  return labels;
}

ImageFolder::ImageFolder(const std::string& directory, const std::string& split,
                         const std::optional<std::vector<std::string>>& classes, FolderRule rule)
    : root_((fs::path(directory) / split).string()) {
  find_classes(directory, split);
  if (classes) {
    std::vector<std::string> wanted = *classes;
    std::ranges::sort(wanted);
    if (wanted != classes_)
      throw Error(root_ + ": its classes are " + joined(classes_) + " but " + joined(*classes) +
                  " are wanted; rename, add or remove folders until the names agree");
    classes_ = *classes;
  }
  for (std::size_t i = 0; i < classes_.size(); ++i)
    list_class(classes_[i], static_cast<std::int32_t>(i), rule);
}

void ImageFolder::find_classes(const std::string& directory, const std::string& split) {
  const std::string expected = "expected " + root_ + "/<class>/<images>";
  std::error_code error;
  if (!fs::exists(directory, error)) throw Error(directory + ": no such folder; " + expected);
  if (!fs::is_directory(directory, error)) throw Error(directory + ": not a folder; " + expected);
  if (!fs::is_directory(root_, error))
    throw Error(directory + ": has no folder '" + split + "'; " + expected + ", found " +
                contents(directory) + "; " +
                shell_line({"poster_prepare", "folder", "--in", directory, "--out", "NEW"}) +
                " makes such a folder of images in class folders");

  std::int64_t loose = 0;
  for (const auto& entry : entries_of(root_)) {
    const std::string name = entry.path().filename().string();
    if (is_folder(entry)) {
      // Class names go into checkpoints and JSON, which are UTF-8.
      if (!is_utf8(name))
        throw Error(root_ + ": the name of the class folder " + quoted_name(name) +
                    " is not UTF-8; rename it (convmv does whole trees)");
      classes_.push_back(name);
    } else if (!fs::exists(entry.path(), error)) {
      // It may have been a class.
      throw Error(entry.path().string() + ": a link to nowhere; remove it or mend what it links to");
    } else if (has_image_extension(name)) {
      ++loose;
      left_out_.add({LeftOut::Trouble::beside_classes, entry.path().string(), ""});
    } else {
      left_out_.add_file(name);
    }
  }
  if (classes_.empty() && loose > 0)
    throw Error(root_ + ": holds " + std::to_string(loose) +
                " images and no class folders; move them into one folder a class");
  if (classes_.empty()) throw Error(root_ + ": no class folders; " + expected + ", found " + contents(root_));
}

void ImageFolder::list_class(const std::string& name, std::int32_t label, FolderRule rule) {
  const fs::path folder = fs::path(root_) / name;
  ListingOptions options;
  if (rule == FolderRule::flat) {
    options.nested = false;
    options.takes = has_flat_extension;
  }
  ImageListing listing = list_images(folder, options);
  for (const LeftOut::Entry& entry : listing.left_out.entries())
    if (!is_harmless(entry)) throw Error(describe(entry));
  if (listing.files.empty())
    throw Error(folder.string() + ": a class without images; fill it or remove it" +
                (listing.left_out.empty() ? "" : " (" + listing.left_out.line() + ")"));
  for (ListedFile& file : listing.files) samples_.push_back({name + "/" + file.name, label, file.bytes});
  left_out_.add(listing.left_out);
}

std::string ImageFolder::path(std::int64_t index) const { return root_ + "/" + samples_[index].name; }

Image ImageFolder::load(std::int64_t index) const { return read_image(path(index)); }

std::uint64_t ImageFolder::listing_hash() const {
  std::string listing;
  for (const std::string& name : classes_) listing += name + '\n';
  for (const Sample& sample : samples_) listing += sample.name + '\0' + std::to_string(sample.bytes) + '\n';
  return hash_name(listing);
}

}  // namespace poster::io
