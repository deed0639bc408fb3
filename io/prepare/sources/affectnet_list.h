// AffectNet's lists as text: lines "name label".
#pragma once

#include <string>
#include <vector>

namespace poster::prepare {

struct ListLine {
  std::size_t number = 0;  // from 1
  std::string name;
  long label = 0;
};

struct ParsedList {
  std::vector<ListLine> lines;
  std::size_t others = 0;  // lines that are neither of this form nor blank
  std::size_t first_other_number = 0;
  std::string first_other;

  // Whether it is a list at all, and not a readme that names an image somewhere.
  bool is_list() const { return lines.size() > others; }
};

ParsedList parse_list(const std::string& text);

}  // namespace poster::prepare
