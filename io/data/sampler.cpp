#include "io/data/sampler.h"

#include <map>
#include <numeric>
#include <utility>

#include "engine/random.h"

namespace poster::io {

std::vector<std::int64_t> sequential_order(std::int64_t count) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  return order;
}

std::vector<std::int64_t> shuffled_order(std::int64_t count, std::uint64_t seed, std::uint64_t epoch) {
  std::vector<std::int64_t> order = sequential_order(count);
  RandomStream random(seed, RandomPurpose::shuffle, epoch);
  for (std::size_t i = order.size(); i-- > 1;) std::swap(order[i], order[random.below(i + 1)]);
  return order;
}

std::vector<std::int64_t> balanced_order(const std::vector<std::int32_t>& labels, std::uint64_t seed,
                                         std::uint64_t epoch) {
  std::map<std::int32_t, std::vector<std::int64_t>> by_label;
  for (std::size_t i = 0; i < labels.size(); ++i) by_label[labels[i]].push_back(static_cast<std::int64_t>(i));
  std::vector<const std::vector<std::int64_t>*> classes;
  classes.reserve(by_label.size());
  for (const auto& [label, members] : by_label) classes.push_back(&members);
  std::vector<std::int64_t> order(labels.size());
  RandomStream random(seed, RandomPurpose::shuffle, epoch);
  for (std::int64_t& index : order) {
    const auto& members = *classes[random.below(classes.size())];
    index = members[random.below(members.size())];
  }
  return order;
}

}  // namespace poster::io
