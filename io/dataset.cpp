#include "io/dataset.h"

#include <algorithm>
#include <filesystem>

#include "engine/error.h"
#include "engine/random.h"
#include "io/image_reader.h"
#include "io/quoted_name.h"
#include "io/utf8.h"

namespace poster::io {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kListedNames = 12;

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < kListedNames; ++i) text += (i ? ", " : "") + names[i];
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

}  // namespace

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
                         const std::optional<std::vector<std::string>>& classes)
    : root_((fs::path(directory) / split).string()) {
  const std::string expected = "expected " + root_ + "/<class>/<pictures>";
  std::error_code error;
  if (!fs::exists(directory, error)) throw Error(directory + ": no such folder; " + expected);
  if (!fs::is_directory(directory, error)) throw Error(directory + ": not a folder; " + expected);
  if (!fs::is_directory(root_, error))
    throw Error(directory + ": has no folder '" + split + "'; " + expected + ", found " +
                contents(directory));

  std::int64_t loose = 0;
  for (const auto& entry : entries_of(root_)) {
    const std::string name = entry.path().filename().string();
    if (is_folder(entry)) {
      // Class names go into checkpoints and JSON, which are UTF-8.
      if (!is_utf8(name))
        throw Error(root_ + ": the name of the class folder " + quoted_name(name) +
                    " is not UTF-8; rename it (convmv does whole trees)");
      classes_.push_back(name);
    } else {
      ++ignored_;
      loose += has_picture_extension(name);
    }
  }
  if (classes_.empty() && loose > 0)
    throw Error(root_ + ": holds " + std::to_string(loose) +
                " pictures and no class folders; move them into one folder a class");
  if (classes_.empty()) throw Error(root_ + ": no class folders; " + expected + ", found " + contents(root_));
  if (classes) {
    std::vector<std::string> wanted = *classes;
    std::ranges::sort(wanted);
    if (wanted != classes_)
      throw Error(root_ + ": its classes are " + joined(classes_) + " but " + joined(*classes) +
                  " are wanted; rename, add or remove folders until the names agree");
    classes_ = *classes;
  }
  for (std::size_t i = 0; i < classes_.size(); ++i) list_class(classes_[i], static_cast<std::int32_t>(i));
}

void ImageFolder::list_class(const std::string& name, std::int32_t label) {
  const std::string folder = root_ + "/" + name;
  const std::size_t before = samples_.size();
  for (const auto& entry : entries_of(folder)) {
    const std::string file = entry.path().filename().string();
    const bool picture = has_picture_extension(file);
    if (is_folder(entry)) {
      if (picture)
        throw Error(entry.path().string() + ": a folder that is named like a picture; rename or remove it");
      continue;
    }
    if (!picture) {
      ++ignored_;
      continue;
    }
    std::error_code error;
    const std::uintmax_t bytes = entry.file_size(error);
    if (error)
      throw Error(entry.path().string() + ": cannot be read (" + error.message() +
                  "); remove it or mend what it links to");
    samples_.push_back({name + "/" + file, label, bytes});
  }
  if (samples_.size() == before)
    throw Error(folder +
                ": a class without pictures (.jpg, .jpeg, .png, .bmp, .webp, .tif, .tiff); fill it or " +
                "remove it");
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
