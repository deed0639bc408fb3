#include "io/prepare/sources/class_folders.h"

#include <algorithm>
#include <regex>
#include <set>

#include "engine/error.h"
#include "io/codec/image_reader.h"
#include "io/face/preparation.h"
#include "io/prepare/sources/person_names.h"

namespace poster::prepare {
namespace {

struct Entry {
  const TreeFile* file;
  std::vector<std::string> parts;
};

// Whether the image is a contact sheet of a folder that was prepared before: one image made of many.
bool is_contact_sheet(const FileTree& tree, const std::vector<std::string>& parts) {
  if (parts.size() < 2 || parts[parts.size() - 2] != "contact_sheets") return false;
  std::string folder;
  for (std::size_t i = 0; i + 2 < parts.size(); ++i) folder += parts[i] + "/";
  return tree.find(folder + io::kPreparationFile) != nullptr;
}

// How many upper folders all images share, if a class folder is left below them.
std::size_t shared_depth(const std::vector<Entry>& images) {
  std::size_t depth = 0;
  for (;;) {
    const std::string& name = images.front().parts[depth];
    const bool same = std::ranges::all_of(
        images, [&](const Entry& p) { return p.parts.size() > depth + 2 && p.parts[depth] == name; });
    if (!same || split_by_name(name)) return depth;
    ++depth;
  }
}

}  // namespace

ClassFolders list_class_folders(const FileTree& tree, const std::string& set) {
  ClassFolders result;
  std::vector<Entry> images;
  for (const TreeFile& file : tree.files()) {
    if (!io::has_image_extension(file.path)) continue;
    std::vector<std::string> parts = parts_of(file.path);
    if (is_contact_sheet(tree, parts)) continue;
    if (parts.size() < 2)
      result.collection.left_out.push_back({file.source, "not in a class folder", ""});
    else
      images.push_back({&file, std::move(parts)});
  }
  if (images.empty()) throw_unexpected_tree(tree, set, "no images in folders");
  const std::size_t depth = shared_depth(images);
  std::set<std::string> splits, others;
  // "train_images" and "test_images" are splits where every folder is such a one and holds others. Beside
  // "train" itself such a folder is something else.
  const auto is = [&](auto&& tells) {
    return [&, tells](const Entry& p) { return tells(p.parts[depth], p.parts.size() > depth + 2); };
  };
  const bool by_word =
      std::ranges::none_of(
          images, is([](const std::string& name, bool) { return split_by_name(name).has_value(); })) &&
      std::ranges::any_of(
          images, is([](const std::string& name, bool) { return split_by_word(name) == Split::train; })) &&
      std::ranges::all_of(images,
                          is([](const std::string& name, bool deep) { return deep && split_by_word(name); }));
  const auto split_of = by_word ? split_by_word : split_by_name;
  for (const Entry& image : images)
    (split_of(image.parts[depth]) ? splits : others).insert(image.parts[depth]);
  if (!splits.empty() && !others.empty())
    throw_unexpected_tree(tree, set,
                          "folder '" + *splits.begin() + "' is a split and '" + *others.begin() + "' isn't");
  result.split = !splits.empty();
  const std::size_t class_part = depth + (result.split ? 1 : 0);
  for (const Entry& image : images) {
    if (class_part + 1 >= image.parts.size()) {
      result.collection.left_out.push_back({image.file->source, "not in a class folder", ""});
      continue;
    }
    Item item;
    item.file = *image.file;
    item.label = image.parts[class_part];
    if (result.split) item.split = split_of(image.parts[depth]);
    result.collection.items.push_back(std::move(item));
  }
  if (result.collection.items.empty()) throw_unexpected_tree(tree, set, "no images in class folders");
  return result;
}

void set_persons(Collection& collection, const std::string& pattern) {
  if (pattern.empty()) return note_person_names(collection);
  std::regex expression;
  try {
    expression.assign(pattern);
  } catch (const std::regex_error& error) {
    throw Error("--person: '" + pattern + "' is no regular expression; write something like '^([A-Za-z]+)_'");
  }
  if (expression.mark_count() == 0)
    throw Error("--person: '" + pattern +
                "' has no group; put parentheses around the part that is the person");
  for (Item& item : collection.items) {
    std::smatch match;
    const std::string name = base_name(item.file.path);
    if (std::regex_search(name, match, expression)) item.person = match[1].str();
  }
}

}  // namespace poster::prepare
