#include "io/prepare/split.h"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <tuple>
#include <unordered_map>

#include "engine/error.h"
#include "engine/random.h"
#include "io/format/csv.h"
#include "io/prepare/groups.h"

namespace poster::prepare {
namespace {

using Counts = std::vector<double>;  // by class

std::size_t index_of(Split split) { return static_cast<std::size_t>(split); }

// A number for each content, drawn anew with each seed.
std::uint64_t draw(std::uint64_t seed, std::uint64_t content) {
  RandomStream stream(seed, RandomPurpose::shuffle, content);
  const std::uint64_t high = stream.bits();
  return high << 32 | stream.bits();
}

struct Group {
  std::uint64_t order = 0;
  std::size_t first = 0;  // its first member
  std::vector<std::size_t> members;
};

// In the order in which they are dealt.
std::vector<Group> make_groups(const std::vector<SplitInput>& inputs, const std::vector<std::size_t>& chosen,
                               Groups& groups, std::uint64_t seed) {
  std::unordered_map<std::size_t, std::size_t> place;
  std::vector<Group> result;
  for (const std::size_t i : chosen) {
    const auto [at, added] = place.emplace(groups.of(i), result.size());
    if (added) result.push_back({~std::uint64_t{0}, i, {}});
    Group& group = result[at->second];
    group.members.push_back(i);
    // The smallest draw of its members: it doesn't depend on how they are listed.
    group.order = std::min(group.order, draw(seed, inputs[i].content));
  }
  std::ranges::sort(result, {}, [](const Group& g) { return std::pair(g.order, g.first); });
  return result;
}

// Deals groups to the splits by `ratios` (one of them may be 0), classes in like shares.
class Dealer {
 public:
  Dealer(const std::vector<SplitInput>& inputs, std::size_t classes,
         const std::array<double, kSplits>& ratios)
      : inputs_(inputs), ratios_(ratios), seen_(classes), dealt_(kSplits, Counts(classes)) {}

  void deal(const std::vector<Group>& groups, SplitResult& result) {
    std::vector<std::size_t> where(groups.size());
    for (std::size_t g = 0; g < groups.size(); ++g) where[g] = place(groups[g]);
    fill_empty(groups, where);
    for (std::size_t g = 0; g < groups.size(); ++g)
      for (const std::size_t i : groups[g].members) result.splits[i] = static_cast<Split>(where[g]);
  }

 private:
  // The split that lacks most of the group's classes, once the group is counted in.
  std::size_t place(const Group& group) {
    Counts counts(seen_.size());
    for (const std::size_t i : group.members) ++counts[inputs_[i].class_index];
    for (std::size_t c = 0; c < seen_.size(); ++c) seen_[c] += counts[c];
    std::size_t best = 0;
    double best_lack = -1e300;
    for (std::size_t s = 0; s < kSplits; ++s) {
      if (!(ratios_[s] > 0)) continue;
      double lack = 0;
      for (std::size_t c = 0; c < seen_.size(); ++c)
        if (counts[c] > 0) lack += counts[c] * (ratios_[s] * seen_[c] - dealt_[s][c]);
      if (lack > best_lack + 1e-9) {
        best_lack = lack;
        best = s;
      }
    }
    for (std::size_t c = 0; c < seen_.size(); ++c) dealt_[best][c] += counts[c];
    return best;
  }

  // With few groups a small split may get none: it takes the smallest of the split that has most.
  void fill_empty(const std::vector<Group>& groups, std::vector<std::size_t>& where) const {
    for (std::size_t s = 0; s < kSplits; ++s) {
      std::array<std::size_t, kSplits> counts{};
      for (const std::size_t w : where) ++counts[w];
      if (!(ratios_[s] > 0) || counts[s] > 0) continue;
      const std::size_t most = static_cast<std::size_t>(std::ranges::max_element(counts) - counts.begin());
      if (counts[most] < 2) continue;
      std::size_t smallest = groups.size();
      for (std::size_t g = 0; g < groups.size(); ++g)
        if (where[g] == most &&
            (smallest == groups.size() || groups[g].members.size() < groups[smallest].members.size()))
          smallest = g;
      where[smallest] = s;
    }
  }

  const std::vector<SplitInput>& inputs_;
  std::array<double, kSplits> ratios_;
  Counts seen_;
  std::vector<Counts> dealt_;
};

// Joins equal files and near-duplicates, and counts them.
void join_alike(const std::vector<SplitInput>& inputs, int similar_bits, Groups& groups,
                SplitResult& result) {
  std::unordered_map<std::uint64_t, std::size_t> first_of;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto [at, added] = first_of.emplace(inputs[i].content, i);
    if (added) continue;
    ++result.equal_files;
    groups.join(at->second, i);
    if (inputs[at->second].class_index != inputs[i].class_index)
      result.contradictions.push_back(inputs[i].source);
  }
  if (similar_bits < 0) return;
  std::vector<Fingerprint> prints;
  prints.reserve(inputs.size());
  for (const SplitInput& input : inputs) prints.push_back(input.print);
  find_near_duplicates(prints, similar_bits, [&](std::size_t i, std::size_t j) {
    result.near_pairs += inputs[i].content != inputs[j].content;
    groups.join(i, j);
  });
}

// Keeps of each group what is on the side that is reported on: test before valid before train.
void leave_out_duplicates(const std::vector<SplitInput>& inputs, Groups& groups, SplitResult& result) {
  std::unordered_map<std::size_t, std::size_t> best;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!result.splits[i]) continue;
    const auto [at, added] = best.emplace(groups.of(i), i);
    if (!added && *result.splits[i] > *result.splits[at->second]) at->second = i;
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!result.splits[i]) continue;
    const std::size_t keeper = best.at(groups.of(i));
    if (result.splits[i] == result.splits[keeper]) continue;
    result.splits[i].reset();
    result.duplicate_of[i] = inputs[keeper].source;
  }
}

void join_persons(const std::vector<SplitInput>& inputs, Groups& groups) {
  std::unordered_map<std::string, std::size_t> first_of;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (!inputs[i].person.empty()) groups.join(first_of.emplace(inputs[i].person, i).first->second, i);
}

// What comes without a split goes where its person or its near-duplicate is, else to train.
void keep_given(const std::vector<SplitInput>& inputs, const Groups& alike, SplitResult& result) {
  Groups groups = alike;
  join_persons(inputs, groups);
  std::unordered_map<std::size_t, Split> known;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i].given) known.emplace(groups.of(i), *inputs[i].given);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto at = known.find(groups.of(i));
    result.splits[i] = inputs[i].given ? *inputs[i].given : at == known.end() ? Split::train : at->second;
  }
}

}  // namespace

void check_person_overlap(const std::vector<SplitInput>& inputs, const SplitOptions& options) {
  if (!options.keep_given || options.allow_person_overlap) return;
  std::unordered_map<std::string, std::size_t> first_of;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].person.empty() || !inputs[i].given) continue;
    const SplitInput& first = inputs[first_of.emplace(inputs[i].person, i).first->second];
    if (*first.given != *inputs[i].given)
      throw Error("person '" + first.person + "' is in " + split_name(*first.given) + " (" + first.source +
                  ") and in " + split_name(*inputs[i].given) + " (" + inputs[i].source +
                  "); split anew with --split new, or take it as it is with --allow-person-overlap");
  }
}

SplitResult assign_splits(const std::vector<SplitInput>& inputs, std::size_t classes,
                          const SplitOptions& options) {
  SplitResult result;
  result.splits.resize(inputs.size());
  result.duplicate_of.resize(inputs.size());
  Groups groups(inputs.size());
  join_alike(inputs, options.similar_bits, groups, result);
  const bool any_given = options.keep_given && std::ranges::any_of(inputs, [](const SplitInput& input) {
                           return input.given.has_value();
                         });
  std::array<double, kSplits> ratios = options.ratios;
  bool carve = false;
  if (any_given) {
    keep_given(inputs, groups, result);
    leave_out_duplicates(inputs, groups, result);
    carve =
        std::ranges::none_of(inputs, [](const SplitInput& input) { return input.given == Split::valid; }) &&
        ratios[index_of(Split::valid)] > 0;
    const double sum = ratios[index_of(Split::train)] + ratios[index_of(Split::valid)];
    ratios = {ratios[index_of(Split::train)] / sum, ratios[index_of(Split::valid)] / sum, 0};
  }
  join_persons(inputs, groups);
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const bool to_deal = any_given ? carve && result.splits[i] == Split::train : true;
    if (to_deal) chosen.push_back(i);
  }
  const std::vector<Group> dealt = make_groups(inputs, chosen, groups, options.seed);
  Dealer(inputs, classes, ratios).deal(dealt, result);
  result.groups = dealt.size();
  return result;
}

std::array<double, kSplits> parse_ratios(const std::string& text) {
  std::array<double, kSplits> ratios{};
  std::istringstream stream(text);
  std::size_t count = 0;
  double sum = 0;
  bool numbers = true;
  for (std::string part; std::getline(stream, part, ','); ++count) {
    const auto value = io::parse_number(part);
    numbers &= value && *value >= 0;
    if (count < kSplits) ratios[count] = value.value_or(0);
    sum += value.value_or(0);
  }
  if (count != kSplits || !numbers || std::abs(sum - 1) > 1e-6 || !(ratios[0] > 0))
    throw Error("--ratios: '" + text +
                "' isn't a split; give TRAIN,VALID,TEST that sum to 1, as 0.8,0.1,0.1");
  return ratios;
}

}  // namespace poster::prepare
