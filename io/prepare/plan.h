// What will be written: each item's class and its name in the output.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/prepare/class_map.h"
#include "io/prepare/item.h"

namespace poster::prepare {

struct PlannedItem {
  Item item;
  std::size_t class_index = 0;
  std::string stem;      // of the output's name: the source's, in characters that every file system takes
  std::uint64_t id = 0;  // of what the item is: source path, size, class, person, split, box
};

struct Plan {
  std::vector<std::string> classes;  // those of the map that have an item, in its order
  std::vector<PlannedItem> items;
  std::vector<LeftOut> left_out;
  std::vector<std::string> notes;
  std::string input_hash;  // of all ids, in order
};

// An image that several lists label counts once, where they agree, and not at all where they don't; with
// `boxes` each box of it is an image by itself. Throws poster::Error when nothing is left.
Plan make_plan(Collection collection, const ClassMap& map, bool boxes = true);

std::string hex64(std::uint64_t value);

}  // namespace poster::prepare
