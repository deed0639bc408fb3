#include "io/prepare/sources/person_names.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace poster::prepare {
namespace {

constexpr std::size_t kFewestNames = 3;
// What cameras and people who number their files write.
constexpr std::array<std::string_view, 16> kNoNames = {"img",   "image", "dsc",   "dscn", "dscf", "pxl",
                                                       "photo", "pic",   "frame", "face", "crop", "sample",
                                                       "train", "test",  "valid", "val"};

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// "Ann_Lee_0001" -> "Ann_Lee"; else empty.
std::string name_before_number(const std::string& stem) {
  const std::size_t digits = stem.find_last_not_of("0123456789") + 1;
  if (digits == stem.size() || digits < 2 || stem[digits - 1] != '_') return "";
  const std::string name = stem.substr(0, digits - 1);
  // Letters of any script: bytes beyond ASCII are taken for some.
  const auto letter = [](unsigned char c) { return std::isalpha(c) != 0 || c >= 0x80; };
  return std::ranges::any_of(name, letter) ? name : "";
}

struct Named {
  std::size_t images = 0;
  std::set<std::string> labels;
  std::string example;
};

}  // namespace

void note_person_names(Collection& collection) {
  std::map<std::string, Named> names;
  std::set<std::string> labels;
  std::size_t named = 0;
  for (const Item& item : collection.items) {
    if (!item.person.empty()) return;
    labels.insert(lower(item.label));
  }
  for (const Item& item : collection.items) {
    const std::string name = name_before_number(stem_of(item.file.path));
    if (name.empty() || labels.contains(lower(name)) ||
        std::ranges::find(kNoNames, lower(name)) != kNoNames.end())
      continue;
    Named& person = names[name];
    if (person.images++ == 0) person.example = base_name(item.file.path);
    person.labels.insert(item.label);
    ++named;
  }
  if (names.size() < kFewestNames || 2 * named < collection.items.size()) return;
  const auto most = std::ranges::max_element(names, {}, [](const auto& one) { return one.second.images; });
  if (most->second.images < 2) return;
  // As few names as classes, each in one of them: other words for the classes.
  if (names.size() <= labels.size() &&
      std::ranges::all_of(names, [](const auto& one) { return one.second.labels.size() == 1; }))
    return;
  collection.notes.push_back("file names look like people's, such as " + most->first + " in " +
                             most->second.example + " (" + std::to_string(names.size()) +
                             " names): if they are, give --person '^(.*)_[0-9]+', " +
                             "or one person's images may lie in train and in test");
}

}  // namespace poster::prepare
