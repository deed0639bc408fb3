// The data sets that poster_prepare knows: what each looks like on the disk, and how it is listed. Adding one
// is a file in io/prepare/sources and an entry in source_set.cpp.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "io/prepare/class_map.h"
#include "io/prepare/file_tree.h"
#include "io/prepare/item.h"

namespace poster::prepare {

enum class LabelRule { folder, vote, unanimous };

// How a set is read.
struct SourceOptions {
  LabelRule label = LabelRule::vote;  // aihub
  std::string poses = "S";            // kdef: of S, HL, HR, FL, FR
  std::string person_pattern = {};    // folder, csv: a regular expression whose first group is the person
  // csv; empty: told by the usual names
  std::string path_column = {}, label_column = {}, split_column = {}, person_column = {}, box_columns = {};

  bool operator==(const SourceOptions&) const = default;
};

// set: the set's boxes where any are told, else whole images.
enum class FaceDefault { none, set, detect, set_or_detect };

struct SourceSet {
  std::string name, title;
  std::string expected;  // the tree that it is, in one line, for errors and for help
  FaceDefault faces = FaceDefault::none;
  bool korean = false;                    // its texts and archives come from Korean Windows
  bool own_split = true;                  // whether the set's split is kept when nothing else is asked for
  std::vector<ClassLabels> classes = {};  // the default map; empty: the labels themselves
  std::function<Collection(const FileTree&, const SourceOptions&)> collect;
};

const std::vector<SourceSet>& source_sets();
// Throws poster::Error that lists the names.
const SourceSet& source_set(const std::string& name);

// What the set's list gives, and of the tree what it doesn't: images that nothing labels, files of other
// kinds, second copies, texts whose encoding was guessed.
Collection collect_set(const SourceSet& set, const FileTree& tree, const SourceOptions& options);

// The error of a tree that isn't the set's: what was expected beside what was found.
[[noreturn]] void throw_unexpected_tree(const FileTree& tree, const std::string& set,
                                        const std::string& missing);

}  // namespace poster::prepare
