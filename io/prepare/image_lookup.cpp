#include "io/prepare/image_lookup.h"

#include <algorithm>
#include <filesystem>

#include "engine/error.h"
#include "io/codec/image_reader.h"
#include "io/format/printable.h"
#include "io/prepare/source_set.h"
#include "io/prepare/text_encoding.h"

namespace poster::prepare {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNotThere = "listed, but the image isn't there";

// The path without "." and "..", which may lead up within `folder`; nothing when it leads out of the tree.
std::optional<std::string> resolved_path(const std::string& folder, const std::string& name) {
  std::vector<std::string> parts;
  for (const std::string& part : parts_of(joined_path(folder, name))) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (parts.empty()) {
      return std::nullopt;
    } else {
      parts.pop_back();
    }
  }
  std::string path;
  for (const std::string& part : parts) path = joined_path(path, part);
  return path;
}

std::string plain_name(std::string name) {
  std::ranges::replace(name, '\\', '/');
  return nfc(trim(name));
}

bool leads_up(const std::string& name) {
  const std::vector<std::string> parts = parts_of(name);
  return std::ranges::find(parts, "..") != parts.end();
}

bool lies_below(const std::string& path, const std::string& folder) {
  return folder.empty() || path.starts_with(folder + "/");
}

}  // namespace

ImageLookup::ImageLookup(const FileTree& tree, const TreeFile& list, std::vector<std::string> places)
    : tree_(tree),
      places_(std::move(places)),
      folder_(folder_name(list.path)),
      split_(split_by_path(list.path)) {}

FoundImage ImageLookup::find(const std::string& written) const {
  const std::string name = plain_name(written);
  if (name.starts_with('/')) return on_disk(name);
  Candidates beside, placed;
  if (const auto path = resolved_path(folder_, name)) beside = tree_.at(*path);
  if (!beside.empty()) {
    FoundImage found = choose(beside, "");
    const TreeFile* root = tree_.find(name);
    found.also_at_root = !folder_.empty() && root && root->path != beside.front()->path;
    return found;
  }
  if (leads_up(name)) return {{}, false, false, kNotThere, ""};  // it says where, and it isn't there
  for (const std::string& place : places_)
    if (const auto path = resolved_path(folder_, joined_path(place, name)))
      for (const TreeFile* file : tree_.at(*path)) placed.push_back(file);
  if (!placed.empty()) return choose(placed, name);
  const auto tail = resolved_path("", name);
  if (!tail || tail->empty()) return {{}, false, false, kNotThere, ""};
  const Candidates anywhere = tree_.ending_in(*tail);
  Candidates below;
  std::ranges::copy_if(anywhere, std::back_inserter(below),
                       [&](const TreeFile* file) { return lies_below(file->path, folder_); });
  if (!below.empty()) return choose(below, *tail);
  FoundImage found = choose(anywhere, *tail);
  found.outside = true;
  return found;
}

FoundImage ImageLookup::on_disk(const std::string& path) const {
  if (const TreeFile* file = tree_.on_disk(path)) return {*file, false, false, "", ""};
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return {{}, false, false, kNotThere, ""};
  if (!fs::is_regular_file(status)) return {{}, false, false, "listed, but not a regular file", ""};
  TreeFile file;
  file.path = path.substr(1);
  file.source = file.disk = path;
  file.bytes = fs::file_size(path, error);
  return {file, false, false, "", ""};
}

// `name`: what the list wrote of the path itself, so that it is beyond doubt.
bool ImageLookup::of_another_split(const TreeFile& file, const std::string& name) const {
  if (!split_ || name.empty()) return false;
  // Folders in which both lie tell nothing.
  const std::string folders = file.path.substr(0, file.path.size() - std::min(file.path.size(), name.size()));
  const std::vector<std::string> own = parts_of(folders), lists = parts_of(folder_);
  const auto apart = std::ranges::mismatch(own, lists).in1;
  std::string rest;
  for (auto part = apart; part != own.end(); ++part) rest = joined_path(rest, *part);
  const auto split = split_by_path(rest);
  return split && *split != *split_;
}

FoundImage ImageLookup::choose(Candidates candidates, const std::string& name) const {
  if (candidates.empty()) return {{}, false, false, kNotThere, ""};
  if (candidates.size() > 1)
    return {{},
            false,
            false,
            "ambiguous: several images have the listed name",
            candidates[0]->source + " and " + candidates[1]->source +
                (candidates.size() > 2 ? ", " + std::to_string(candidates.size()) + " in all" : "")};
  const TreeFile& file = *candidates.front();
  if (of_another_split(file, name))
    return {{}, false, false, "listed, but only a folder of another split has the name", file.source};
  return {file, false, false, "", ""};
}

void ListedItems::add(const std::string& name, const std::string& place, Item item) {
  const FoundImage found = lookup_.find(name);
  if (!found.file) {
    collection_.left_out.push_back(
        {place, found.reason, name + (found.detail.empty() ? "" : ": " + found.detail)});
    return;
  }
  item.file = *found.file;
  if (found.outside)
    outside_.emplace_back(collection_.items.size(), place);
  else
    ++inside_;
  also_at_root_ += found.also_at_root;
  collection_.items.push_back(std::move(item));
}

void ListedItems::leave_out(const std::string& name, const std::string& place, const std::string& reason,
                            const std::string& detail) {
  const FoundImage found = lookup_.find(name);
  inside_ += found.file && !found.outside;
  const bool known = found.file && !found.outside;
  collection_.left_out.push_back({known ? found.file->source : place, reason,
                                  known ? detail : name + (detail.empty() ? "" : ": " + detail)});
}

void ListedItems::finish() {
  if (also_at_root_ > 0)
    collection_.notes.push_back(list_.source + ": " + std::to_string(also_at_root_) +
                                " names fit an image beside it and another from the root of " + tree_.name() +
                                "; those beside it were taken");
  if (inside_ == 0 || outside_.empty()) return;
  std::vector<Item>& items = collection_.items;
  for (const auto& [index, place] : outside_) {
    collection_.left_out.push_back({place, "listed, but not in the list's folder, where its other images are",
                                    "only " + items[index].file.source + " has the name"});
    items[index].file.source.clear();
  }
  std::erase_if(items, [](const Item& item) { return item.file.source.empty(); });
  outside_.clear();
}

const TreeFile& only_file(const FileTree& tree, const std::string& set,
                          const std::vector<std::string>& names) {
  std::vector<const TreeFile*> found;
  for (const std::string& name : names) {
    if (!found.empty()) break;
    found = tree.ending_in(name);
  }
  if (found.empty()) throw_unexpected_tree(tree, set, "no " + names.front());
  const auto named = std::ranges::find_if(found, &TreeFile::named);
  const bool one_named = std::ranges::count_if(found, &TreeFile::named) == 1;
  if (found.size() > 1 && !one_named)
    throw Error(io::printable(tree.name() + ": " + found[0]->source + " and " + found[1]->source +
                              " are both a " + names.front() + "; name the folder of one set with --in"));
  return one_named ? **named : *found.front();
}

void throw_nothing_listed(const FileTree& tree, const std::string& set, const Collection& collection) {
  if (collection.left_out.empty()) throw_unexpected_tree(tree, set, "nothing labelled");
  const bool any_images = std::ranges::any_of(
      tree.files(), [](const TreeFile& file) { return io::has_image_extension(file.path); });
  const LeftOut& first = collection.left_out.front();
  throw Error(io::printable(
      tree.name() + ": none of the images that are listed can be taken, the first: " + first.source + ": " +
      first.reason + (first.detail.empty() ? "" : " (" + first.detail + ")") + "; " +
      (any_images ? "lay each list beside its images, or write paths from its folder into it"
                  : "name the folder of the images with --in, too")));
}

}  // namespace poster::prepare
