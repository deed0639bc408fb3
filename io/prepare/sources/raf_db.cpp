// RAF-DB, basic emotions: EmoLabel/list_patition_label.txt (so it is spelt) holds "train_00001.jpg 5", the
// image is Image/aligned/train_00001_aligned.jpg. Where there are no aligned images at all, those of
// Image/original/ are taken. Labels: 1 surprise, 2 fear, 3 disgust, 4 happiness, 5 sadness, 6 anger, 7
// neutral.
#include <algorithm>
#include <array>

#include "engine/error.h"
#include "io/codec/image_reader.h"
#include "io/format/csv.h"
#include "io/format/text.h"
#include "io/prepare/image_lookup.h"
#include "io/prepare/sources/sources.h"
#include "io/prepare/text_encoding.h"

namespace poster::prepare {
namespace {

constexpr std::array<const char*, 8> kClassOfNumber = {"",          "surprise", "fear",  "disgust",
                                                       "happiness", "sadness",  "anger", "neutral"};
constexpr std::string_view kAligned = "_aligned";

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  constexpr std::string_view kSpace = " \t\v\f\r";
  for (std::size_t at = 0; (at = line.find_first_not_of(kSpace, at)) != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(kSpace, at), line.size());
    fields.push_back(line.substr(at, end - at));
    at = end;
  }
  return fields;
}

std::string aligned_name(const std::string& name) {
  const std::size_t dot = name.size() - extension_of(name).size();
  return name.substr(0, dot) + std::string(kAligned) + name.substr(dot);
}

}  // namespace

Collection collect_raf_db(const FileTree& tree, const SourceOptions&) {
  const TreeFile& list = only_file(tree, "raf-db", {"list_patition_label.txt", "list_partition_label.txt"});
  const bool aligned = std::ranges::any_of(tree.files(), [](const TreeFile& file) {
    return io::has_image_extension(file.path) && stem_of(file.path).ends_with(kAligned);
  });
  Collection collection;
  ListedItems items(tree, list,
                    aligned ? std::vector<std::string>{"../Image/aligned", "aligned"}
                            : std::vector<std::string>{"../Image/original", "original"},
                    collection);
  const std::string text = tree.text(list);
  std::size_t number = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = io::take_line(rest);
    ++number;
    const std::vector<std::string_view> fields = fields_of(line);
    if (fields.empty()) continue;
    const std::string place = list.source + ":" + std::to_string(number), name(fields.front());
    const auto value = fields.size() == 2 ? io::parse_integer(fields[1]) : std::nullopt;
    if (!value)
      throw Error(place + ": expected 'train_00001.jpg 5', found '" + trim(line) + "'; fetch it again");
    const std::string image = aligned ? aligned_name(name) : name;
    if (*value < 1 || *value > 7) {
      items.leave_out(image, place, "a label that is no expression", std::string(fields[1]));
      continue;
    }
    Item item;
    item.label = kClassOfNumber[static_cast<std::size_t>(*value)];
    const std::string stem = base_name(name);
    item.split = split_by_name(stem.substr(0, stem.find('_')));
    items.add(image, place, std::move(item));
  }
  items.finish();
  if (collection.items.empty() && collection.left_out.empty())
    throw_unexpected_tree(tree, "raf-db", "none of the images that " + list.source + " lists");
  if (collection.items.empty()) throw_nothing_listed(tree, "raf-db", collection);
  if (!aligned)
    collection.notes.push_back(
        "there are no aligned images; the originals were taken (--faces detect cuts faces out)");
  return collection;
}

}  // namespace poster::prepare
