// RAF-DB, basic emotions: EmoLabel/list_patition_label.txt (so it is spelt) holds "train_00001.jpg 5", the
// picture is Image/aligned/train_00001_aligned.jpg. Where there are no aligned pictures, Image/original/ is
// taken. Labels: 1 surprise, 2 fear, 3 disgust, 4 happiness, 5 sadness, 6 anger, 7 neutral.
#include <array>
#include <sstream>

#include "engine/error.h"
#include "io/csv.h"
#include "io/prepare/sources/sources.h"
#include "io/prepare/text_encoding.h"

namespace poster::prepare {
namespace {

constexpr std::array<const char*, 8> kLabels = {"",          "surprise", "fear",  "disgust",
                                                "happiness", "sadness",  "anger", "neutral"};

const TreeFile* picture_of(const FileTree& tree, const std::string& name) {
  for (const std::string& tail : {stem_of(name) + "_aligned" + extension_of(name), name}) {
    const auto found = tree.ending_in(tail);
    if (!found.empty()) return found.front();
  }
  return nullptr;
}

}  // namespace

Collection collect_raf_db(const FileTree& tree, const SourceOptions&) {
  std::vector<const TreeFile*> lists = tree.ending_in("list_patition_label.txt");
  if (lists.empty()) lists = tree.ending_in("list_partition_label.txt");
  if (lists.empty()) throw_unexpected_tree(tree, "raf-db", "no list_patition_label.txt");
  const TreeFile& list = *lists.front();
  Collection collection;
  std::istringstream lines(tree.text(list));
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (trim(line).empty()) continue;
    std::istringstream fields(line);
    std::string name, label, more;
    fields >> name >> label;
    const auto value = io::parse_integer(label);
    if (!value || fields >> more)
      throw Error(list.source + ":" + std::to_string(number) + ": expected 'train_00001.jpg 5', found '" +
                  trim(line) + "'; fetch it again");
    if (*value < 1 || *value > 7) {
      collection.left_out.push_back({name, "a label that is no expression", label});
      continue;
    }
    const TreeFile* picture = picture_of(tree, nfc(name));
    if (!picture) {
      collection.left_out.push_back({name, "listed, but the picture isn't there", list.source});
      continue;
    }
    Item item;
    item.file = *picture;
    item.label = kLabels[static_cast<std::size_t>(*value)];
    item.split = split_by_name(name.substr(0, name.find('_')));
    collection.items.push_back(std::move(item));
  }
  if (collection.items.empty())
    throw_unexpected_tree(tree, "raf-db", "none of the pictures that " + list.source + " lists");
  return collection;
}

}  // namespace poster::prepare
