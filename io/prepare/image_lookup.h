// Which image a list means: the one rule for all sets.
//
// Lists name images by paths from wherever their makers stood, and by numbers that start anew in each of a
// set's folders. So a name is looked for step by step, from the list outwards, and the first step at which
// anything fits decides:
//   1. beside the list: its folder and the name, which may begin with ".."
//   2. in the set's usual places, from the list's folder ("images")
//   3. anywhere below the list's folder
//   4. anywhere in the tree: from its root, or as the end of a path
// Several at one step are ambiguous, and none of them is taken. From step 2 on an image doesn't fit whose
// folder is that of another split than the list's (0.jpg of val.txt isn't train_set/0.jpg). Letters count as
// they are written, upper and lower case; backslashes are slashes. Absolute paths are taken from the disk.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/prepare/item.h"

namespace poster::prepare {

struct FoundImage {
  std::optional<TreeFile> file;
  bool outside = false;        // found at step 4
  bool also_at_root = false;   // another image has the name as its whole path
  std::string reason, detail;  // why there is none, as LeftOut has it
};

class ImageLookup {
 public:
  // `places`: the set's usual ones. Both must outlive the lookup.
  ImageLookup(const FileTree& tree, const TreeFile& list, std::vector<std::string> places = {});

  FoundImage find(const std::string& name) const;
  // The split that the list's name tells, or else the folders in which it lies.
  std::optional<Split> split() const { return split_; }

 private:
  using Candidates = std::vector<const TreeFile*>;
  FoundImage on_disk(const std::string& path) const;
  FoundImage choose(Candidates candidates, const std::string& name) const;
  bool of_another_split(const TreeFile& file, const std::string& name) const;

  const FileTree& tree_;
  std::vector<std::string> places_;
  std::string folder_;
  std::optional<Split> split_;
};

// Adds the images that one list labels to a collection.
//
// A list stands for one place: where some of its images lie beside or below it, a name that is found only
// elsewhere is another image's.
class ListedItems {
 public:
  ListedItems(const FileTree& tree, const TreeFile& list, std::vector<std::string> places,
              Collection& collection)
      : tree_(tree), list_(list), lookup_(tree, list, std::move(places)), collection_(collection) {}

  std::optional<Split> split() const { return lookup_.split(); }
  // `item` but for its file; `place` is that in the list, "train.txt:3".
  void add(const std::string& name, const std::string& place, Item item);
  // A line that gives no item although its image may be there.
  void leave_out(const std::string& name, const std::string& place, const std::string& reason,
                 const std::string& detail);
  // Once all lines are added.
  void finish();

 private:
  const FileTree& tree_;
  const TreeFile& list_;
  ImageLookup lookup_;
  Collection& collection_;
  std::vector<std::pair<std::size_t, std::string>> outside_;  // items, and their places in the list
  std::size_t inside_ = 0, also_at_root_ = 0;
};

// The one file of this name, for sets that have one list. Throws throw_unexpected_tree() when there is none
// and poster::Error that names them when there are several; one that the user named counts alone.
const TreeFile& only_file(const FileTree& tree, const std::string& set,
                          const std::vector<std::string>& names);

// Throws poster::Error for lists whose images could all not be taken, with the first reason.
[[noreturn]] void throw_nothing_listed(const FileTree& tree, const std::string& set,
                                       const Collection& collection);

}  // namespace poster::prepare
