#include "io/prepare/plan.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>
#include <unordered_map>

#include "engine/error.h"
#include "engine/random.h"
#include "io/prepare/text_encoding.h"

namespace poster::prepare {
namespace {

constexpr std::size_t kLongestStem = 180;  // bytes; names may have 255, and more is put behind it

std::string safe_stem(const std::string& path) {
  std::string stem;
  for (const char c : stem_of(path)) {
    const bool unsafe = static_cast<unsigned char>(c) < 32 ||
                        std::string_view("\\/:*?\"<>|").find(c) != std::string_view::npos;
    stem += unsafe ? '_' : c;
  }
  if (stem.empty() || stem.front() == '.') stem.insert(stem.begin(), '_');
  if (!is_utf8(stem))
    for (char& c : stem)
      if (static_cast<unsigned char>(c) >= 128) c = '_';
  if (stem.size() > kLongestStem) {
    std::size_t end = kLongestStem;
    while (end > 0 && (static_cast<unsigned char>(stem[end]) & 0xC0) == 0x80) --end;
    stem.resize(end);
  }
  return stem;
}

std::uint64_t identity(const Item& item, const std::string& class_name) {
  std::string text =
      item.file.path + '\n' + std::to_string(item.file.bytes) + '\n' + class_name + '\n' + item.person + '\n';
  if (item.split) text += split_name(*item.split);
  char number[64];
  if (item.box)
    for (const double value : {item.box->left, item.box->top, item.box->width, item.box->height}) {
      std::snprintf(number, sizeof number, "\n%.17g", value);
      text += number;
    }
  if (!item.pixels.values.empty())
    text += '\n' + std::string(item.pixels.values.begin(), item.pixels.values.end());
  return hash_name(text);
}

}  // namespace

std::string hex64(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

Plan make_plan(Collection collection, const ClassMap& map) {
  Plan plan;
  plan.left_out = std::move(collection.left_out);
  plan.notes = std::move(collection.notes);
  std::set<std::uint64_t> ids;
  std::vector<std::size_t> counts(map.classes().size());
  std::map<std::string, std::size_t> unmapped;
  for (Item& item : collection.items) {
    const auto class_index = map.class_of(item.label);
    if (!class_index) {
      ++unmapped[item.label];
      plan.left_out.push_back({item.file.source, "its label is in no class: " + item.label, ""});
      continue;
    }
    PlannedItem planned{std::move(item), *class_index, "", 0};
    planned.id = identity(planned.item, map.classes()[*class_index]);
    planned.stem = safe_stem(planned.item.file.path);
    if (!ids.insert(planned.id).second) {
      plan.left_out.push_back({planned.item.file.source, "listed twice", ""});
      continue;
    }
    ++counts[*class_index];
    plan.items.push_back(std::move(planned));
  }
  if (plan.items.empty()) {
    std::string labels;
    for (const auto& [label, count] : unmapped)
      labels += (labels.empty() ? "" : ", ") + label + " (" + std::to_string(count) + ")";
    throw Error("--map: no picture is in any class; the set's labels are " +
                (labels.empty() ? "none" : labels) + ", the map is '" + map.text() + "'");
  }
  // Classes without a picture would be folders that poster_train refuses.
  std::vector<std::size_t> place(counts.size());
  for (std::size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] == 0) {
      plan.notes.push_back("no pictures of class " + map.classes()[c]);
      continue;
    }
    place[c] = plan.classes.size();
    plan.classes.push_back(map.classes()[c]);
  }
  // Equal names from different folders get their id behind them: all of them, whatever comes first.
  std::unordered_map<std::string, std::size_t> same_name;
  std::string ids_in_order;
  for (PlannedItem& planned : plan.items) {
    planned.class_index = place[planned.class_index];
    ++same_name[std::to_string(planned.class_index) + '/' + lower(planned.stem)];
    ids_in_order += hex64(planned.id);
  }
  for (PlannedItem& planned : plan.items)
    if (same_name[std::to_string(planned.class_index) + '/' + lower(planned.stem)] > 1)
      planned.stem += "-" + hex64(planned.id).substr(0, 8);
  plan.input_hash = hex64(hash_name(ids_in_order));
  return plan;
}

}  // namespace poster::prepare
