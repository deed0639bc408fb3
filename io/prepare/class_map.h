// Which of a set's labels make up which class.
//
// A map file is JSON, the classes in the order wanted and the labels of each:
//   {"positive": ["joy"], "neutral": ["neutral"], "negative": ["anger", "anxiety", "hurt", "sadness"]}
// or text, one class a line, "#" begins a comment:
//   positive: joy
//   neutral: neutral
//   negative: anger, anxiety, hurt, sadness
// Labels are compared without regard to case and spelling (Anger, Angry and 분노 are one). Images whose
// label is in no class are left out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "io/prepare/item.h"
#include "io/prepare/text_encoding.h"

namespace poster::prepare {

struct ClassLabels {
  std::string name;
  std::vector<std::string> labels;
};

class ClassMap {
 public:
  // Throws poster::Error: a label in two classes, a class twice or without labels, a name that can't be a
  // folder's. `name` stands before errors.
  ClassMap(const std::vector<ClassLabels>& classes, const std::string& name);

  // Throws poster::Error that names the file and the line.
  static ClassMap from_file(const std::string& path, const TextRules& rules = {});
  // The same from a file's text; `name` stands before errors.
  static ClassMap from_text(const std::string& text, const std::string& name);
  // Every label is the class of its name.
  static ClassMap identity(const std::vector<Item>& items);
  // The same, but spellings of one expression that occur beside each other (Anger in train, Angry in test),
  // and names that differ in case alone, become one class. Says in `notes` what it joined.
  static ClassMap joined_spellings(const std::vector<Item>& items, std::vector<std::string>& notes);

  const std::vector<std::string>& classes() const { return classes_; }
  // Nothing: the label is in no class.
  std::optional<std::size_t> class_of(const std::string& label) const;
  // One line, for the settings: "positive: joy; neutral: neutral; ...".
  std::string text() const;

 private:
  ClassMap() = default;
  void add(const std::string& name, const std::vector<std::string>& labels, bool exact);

  bool exact_ = false;  // compare labels byte by byte
  std::string name_;    // before errors
  std::vector<std::string> classes_;
  std::unordered_set<std::string> names_;  // of the classes
  std::vector<std::vector<std::string>> labels_;
  std::unordered_map<std::string, std::size_t> by_label_;
};

// Throws poster::Error when the name can't be that of a folder: empty, beginning with a dot, with "/" in it.
void check_class_name(const std::string& class_name, const std::string& prefix);

}  // namespace poster::prepare
