#include "io/prepare/class_map.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "engine/error.h"
#include "io/format/input_file.h"
#include "io/format/join.h"
#include "io/format/json.h"
#include "io/format/printable.h"
#include "io/format/text.h"
#include "io/prepare/expression_names.h"

namespace poster::prepare {
namespace {

constexpr std::size_t kLongestClassName = 100;
constexpr std::uint64_t kMaxMap = std::uint64_t{16} << 20;

// Labels that mean the same have the same key.
std::string label_key(const std::string& label) {
  const std::string expression = expression_name(label);
  return expression.empty() ? lower(nfc(trim(label))) : expression;
}

std::vector<ClassLabels> read_json(const std::string& text, const std::string& path) {
  const std::string form = R"(; write {"class": ["label", "label"], ...})";
  const auto json = io::parse_json<nlohmann::ordered_json>(text, path, form.substr(2));
  std::vector<ClassLabels> classes;
  if (!json.is_object()) throw Error(path + ": not an object" + form);
  for (const auto& [name, labels] : json.items()) {
    ClassLabels entry{name, {}};
    for (const auto& label : labels.is_array() ? labels : nlohmann::ordered_json::array({labels})) {
      if (!label.is_string())
        throw Error(io::printable(path + ": class '" + name + "' has a label that is no text") + form);
      entry.labels.push_back(label);
    }
    classes.push_back(std::move(entry));
  }
  return classes;
}

std::vector<ClassLabels> read_lines(const std::string& text, const std::string& path) {
  std::vector<ClassLabels> classes;
  int number = 0;
  for (const std::string_view raw : io::text_lines(text)) {
    ++number;
    const std::string line = trim(raw.substr(0, raw.find('#')));
    if (line.empty()) continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos)
      throw Error(path + ":" + std::to_string(number) + ": no colon; write CLASS: LABEL, LABEL");
    ClassLabels entry{trim(line.substr(0, colon)), {}};
    std::istringstream labels(line.substr(colon + 1));
    for (std::string label; std::getline(labels, label, ',');)
      if (label = trim(label); !label.empty()) entry.labels.push_back(label);
    classes.push_back(std::move(entry));
  }
  return classes;
}

}  // namespace

void check_class_name(const std::string& class_name, const std::string& prefix) {
  if (!is_utf8(class_name))
    throw Error(io::printable(
        prefix + ": '" + class_name +
        "' is no UTF-8 and can't be the name of a class; give the encoding of the set's names with --encoding"));
  const bool control =
      std::ranges::any_of(class_name, [](char c) { return static_cast<unsigned char>(c) < 32; });
  if (class_name.empty() || class_name.front() == '.' || control || class_name != trim(class_name) ||
      class_name.find_first_of("/\\") != std::string::npos || class_name.size() > kLongestClassName)
    throw Error(io::printable(prefix + ": '" + class_name +
                              "' can't be the name of a class, which is a folder's; rename it with --map"));
}

void ClassMap::add(const std::string& name, const std::vector<std::string>& labels, bool exact) {
  check_class_name(name, name_);
  if (!names_.insert(name).second)
    throw Error(name_ + ": class '" + name + "' occurs twice; write its labels in one place");
  if (labels.empty()) throw Error(name_ + ": class '" + name + "' has no labels; name at least one");
  exact_ = exact;
  for (const std::string& label : labels) {
    const auto [at, added] = by_label_.emplace(exact ? label : label_key(label), classes_.size());
    if (!added && at->second != classes_.size())
      throw Error(io::printable(name_ + ": label '" + label + "' is in two classes, '" +
                                classes_[at->second] + "' and '" + name + "'; name it once"));
  }
  classes_.push_back(name);
  labels_.push_back(labels);
}

ClassMap::ClassMap(const std::vector<ClassLabels>& classes, const std::string& name) : name_(name) {
  for (const ClassLabels& entry : classes) add(entry.name, entry.labels, false);
  if (classes_.empty()) throw Error(name + ": no classes; write CLASS: LABEL, LABEL");
}

ClassMap ClassMap::from_file(const std::string& path, const TextRules& rules) {
  return from_text(to_utf8(io::read_file(path, kMaxMap), path, rules), path);
}

ClassMap ClassMap::from_text(const std::string& text, const std::string& name) {
  return ClassMap(trim(text).starts_with('{') ? read_json(text, name) : read_lines(text, name), name);
}

ClassMap ClassMap::identity(const std::vector<Item>& items) {
  std::set<std::string> labels;
  for (const Item& item : items) labels.insert(item.label);
  ClassMap map;
  map.name_ = "labels";
  for (const std::string& label : labels) map.add(label, {label}, true);
  return map;
}

ClassMap ClassMap::joined_spellings(const std::vector<Item>& items, std::vector<std::string>& notes) {
  std::map<std::string, std::set<std::string>> spellings;
  for (const Item& item : items) spellings[label_key(item.label)].insert(item.label);
  std::map<std::string, std::vector<std::string>> classes;
  for (const auto& [key, labels] : spellings) {
    const std::string name = labels.size() == 1 ? *labels.begin() : key;
    classes[name].assign(labels.begin(), labels.end());
    if (labels.size() == 1) continue;
    notes.push_back(io::join(labels) + " are spellings of one class, " + name +
                    "; --map none keeps them apart");
  }
  ClassMap map;
  map.name_ = "labels";
  for (const auto& [name, labels] : classes) map.add(name, labels, true);
  return map;
}

std::optional<std::size_t> ClassMap::class_of(const std::string& label) const {
  const auto at = by_label_.find(exact_ ? label : label_key(label));
  return at == by_label_.end() ? std::nullopt : std::optional(at->second);
}

std::string ClassMap::text() const {
  std::string text;
  for (std::size_t i = 0; i < classes_.size(); ++i) {
    text += (i > 0 ? "; " : "") + classes_[i] + ":";
    for (std::size_t j = 0; j < labels_[i].size(); ++j) text += (j > 0 ? ", " : " ") + labels_[i][j];
  }
  return text;
}

}  // namespace poster::prepare
