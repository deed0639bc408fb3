#include "io/prepare/plan.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "engine/error.h"
#include "engine/random.h"
#include "io/format/join.h"
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

std::string box_text(const Item& item) {
  if (!item.box) return "";
  char text[160];
  std::snprintf(text, sizeof text, "\n%.17g\n%.17g\n%.17g\n%.17g", item.box->left, item.box->top,
                item.box->width, item.box->height);
  return text;
}

std::uint64_t identity(const Item& item, const std::string& class_name) {
  std::string text =
      item.file.path + '\n' + std::to_string(item.file.bytes) + '\n' + class_name + '\n' + item.person + '\n';
  if (item.split) text += split_name(*item.split);
  text += box_text(item);
  if (item.file.twin) text += '\n' + item.file.source;
  if (!item.pixels.values.empty())
    text += '\n' + std::string(item.pixels.values.begin(), item.pixels.values.end());
  return hash_name(text);
}

// One image, or one box of it, by all that lists say of it.
struct Candidate {
  Item item;
  std::size_t class_index = 0;
  std::string contradiction;
};

// Adds what another list says of the same image; true when it is the same. Of two splits the one that is
// reported on counts.
bool merge(Candidate& first, const Item& item, std::size_t class_index) {
  std::string& person = first.item.person;
  if (first.class_index != class_index) {
    first.contradiction = first.item.label + " and " + item.label;
  } else if (!person.empty() && !item.person.empty() && person != item.person) {
    first.contradiction = person + " and " + item.person;
  } else {
    if (person.empty()) person = item.person;
    if (item.split && (!first.item.split || *item.split > *first.item.split)) first.item.split = item.split;
    return true;
  }
  return false;
}

// An image that one list leaves out ("not an expression") may be labelled by another.
void drop_what_is_labelled(Plan& plan) {
  std::unordered_set<std::string> labelled;
  for (const PlannedItem& planned : plan.items) labelled.insert(planned.item.file.source);
  const std::size_t dropped =
      std::erase_if(plan.left_out, [&](const LeftOut& one) { return labelled.contains(one.source); });
  if (dropped > 0)
    plan.notes.push_back(std::to_string(dropped) +
                         " lines that give no label are of images that another line labels");
}

}  // namespace

std::string hex64(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

Plan make_plan(Collection collection, const ClassMap& map, bool boxes) {
  Plan plan;
  plan.left_out = std::move(collection.left_out);
  plan.notes = std::move(collection.notes);
  std::vector<Candidate> candidates;
  std::unordered_map<std::string, std::size_t> by_image;
  std::map<std::string, std::size_t> unmapped;
  std::size_t again = 0;
  for (Item& item : collection.items) {
    const auto class_index = map.class_of(item.label);
    if (!class_index) {
      ++unmapped[item.label];
      plan.left_out.push_back({item.file.source, "its label is in no class: " + item.label, ""});
      continue;
    }
    const auto [at, added] = by_image.emplace(
        item.file.source + '\n' + item.file.path + (boxes ? box_text(item) : ""), candidates.size());
    if (added)
      candidates.push_back({std::move(item), *class_index, ""});
    else
      again += merge(candidates[at->second], item, *class_index);
  }
  if (again > 0)
    plan.notes.push_back(std::to_string(again) + " images are listed again, with the same label");
  std::vector<std::size_t> counts(map.classes().size());
  for (Candidate& candidate : candidates) {
    if (!candidate.contradiction.empty()) {
      plan.left_out.push_back({candidate.item.file.source, "ambiguous: listed with two labels or persons",
                               candidate.contradiction});
      continue;
    }
    PlannedItem planned{std::move(candidate.item), candidate.class_index, "", 0};
    planned.id = identity(planned.item, map.classes()[planned.class_index]);
    planned.stem = safe_stem(planned.item.file.path);
    ++counts[planned.class_index];
    plan.items.push_back(std::move(planned));
  }
  drop_what_is_labelled(plan);
  if (plan.items.empty()) {
    const std::string labels = io::join(unmapped, ", ", [](const auto& label) {
      return label.first + " (" + std::to_string(label.second) + ")";
    });
    throw Error("--map: no image is in any class; the set's labels are " +
                (labels.empty() ? "none" : labels) + ", the map is '" + map.text() + "'");
  }
  // Classes without an image would be folders that poster_train refuses.
  std::vector<std::size_t> place(counts.size());
  for (std::size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] == 0) {
      plan.notes.push_back("no images of class " + map.classes()[c]);
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
