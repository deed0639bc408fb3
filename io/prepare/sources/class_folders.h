// Trees whose folders are classes: CLASS/..., or SPLIT/CLASS/..., below any number of folders that hold
// nothing else.
#pragma once

#include <string>

#include "io/prepare/source_set.h"

namespace poster::prepare {

struct ClassFolders {
  Collection collection;
  bool split = false;  // the upper folders are splits
};

// Throws poster::Error of `set`: no images, or splits beside other folders.
ClassFolders list_class_folders(const FileTree& tree, const std::string& set);

// The person of each image by the first group that `pattern` (a regular expression, ECMAScript) finds in
// its path; empty: none, and a note where names look like people (person_names.h). Throws poster::Error when it isn't one, or has no group.
void set_persons(Collection& collection, const std::string& pattern);

}  // namespace poster::prepare
