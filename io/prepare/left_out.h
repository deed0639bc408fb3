// An image that won't be in the output, or a line of a list that gives none, and why. They are counted by
// `reason`; `detail` is for one.
#pragma once

#include <string>

namespace poster::prepare {

struct LeftOut {
  std::string source;  // the image, or the place in the list: "train.txt:12"
  std::string reason, detail;

  bool operator==(const LeftOut&) const = default;
};

}  // namespace poster::prepare
