// Sets whose folders are their classes: any such tree, CAER-S, and EmoHeVRDB, where a name is
// <time>-<participant>-<camera>.jpg.
#include <algorithm>
#include <regex>

#include "engine/error.h"
#include "io/codec/image_reader.h"
#include "io/prepare/sources/class_folders.h"
#include "io/prepare/sources/sources.h"

namespace poster::prepare {
namespace {

// "20230420-101530-17-0" -> "17": the last part but one.
std::string participant_of(const std::string& path) {
  const std::string name = stem_of(path);
  const std::size_t camera = name.rfind('-');
  if (camera == std::string::npos || camera == 0) return "";
  const std::size_t participant = name.rfind('-', camera - 1);
  return participant == std::string::npos ? "" : name.substr(participant + 1, camera - participant - 1);
}

Collection with_splits(const FileTree& tree, const std::string& set) {
  ClassFolders folders = list_class_folders(tree, set);
  if (!folders.split) throw_unexpected_tree(tree, set, "no folders of that name");
  return std::move(folders.collection);
}

}  // namespace

Collection collect_folder(const FileTree& tree, const SourceOptions& options) {
  Collection collection = list_class_folders(tree, "folder").collection;
  set_persons(collection, options.person_pattern);
  return collection;
}

Collection collect_caer_s(const FileTree& tree, const SourceOptions&) { return with_splits(tree, "caer-s"); }

Collection collect_emohevrdb(const FileTree& tree, const SourceOptions&) {
  Collection collection = with_splits(tree, "emohevrdb");
  std::size_t unnamed = 0;
  for (Item& item : collection.items) {
    item.person = participant_of(item.file.path);
    unnamed += item.person.empty();
  }
  if (unnamed > 0)
    collection.notes.push_back(std::to_string(unnamed) + " images without a participant in their name");
  return collection;
}

}  // namespace poster::prepare
