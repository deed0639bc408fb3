// JAFFE: KA.AN1.39.tiff is person, emotion and its number, number of the image.
#include <algorithm>
#include <cctype>
#include <regex>

#include "io/codec/image_reader.h"
#include "io/prepare/expression_names.h"
#include "io/prepare/sources/sources.h"

namespace poster::prepare {

Collection collect_jaffe(const FileTree& tree, const SourceOptions&) {
  static const std::regex name_form("([A-Z]{2})[.](AN|DI|FE|HA|NE|SA|SU)[0-9]*[.]+[0-9]+", std::regex::icase);
  Collection collection;
  for (const TreeFile& file : tree.files()) {
    if (!io::has_image_extension(file.path)) continue;
    const std::string stem = stem_of(file.path);
    std::smatch match;
    if (!std::regex_match(stem, match, name_form)) {
      collection.left_out.push_back({file.source, "a name that isn't JAFFE's", ""});
      continue;
    }
    Item item;
    item.file = file;
    item.label = expression_name(match[2].str());
    item.person = match[1].str();
    std::ranges::transform(item.person, item.person.begin(), [](unsigned char c) { return std::toupper(c); });
    collection.items.push_back(std::move(item));
  }
  if (collection.items.empty()) throw_unexpected_tree(tree, "jaffe", "no images with such names");
  return collection;
}

}  // namespace poster::prepare
