// Union-find: which things belong together.
#pragma once

#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

namespace poster::prepare {

class Groups {
 public:
  explicit Groups(std::size_t size) : parents_(size) {
    std::iota(parents_.begin(), parents_.end(), std::size_t{0});
  }

  // The smallest member stands for a group.
  std::size_t of(std::size_t i) {
    while (parents_[i] != i) i = parents_[i] = parents_[parents_[i]];
    return i;
  }
  void join(std::size_t i, std::size_t j) {
    i = of(i);
    j = of(j);
    if (i > j) std::swap(i, j);
    parents_[j] = i;
  }

 private:
  std::vector<std::size_t> parents_;
};

}  // namespace poster::prepare
