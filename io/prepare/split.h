// Which image goes into train, valid or test.
//
// Images that belong together stay together: those of one person, equal files, near-duplicates. A group is
// dealt as a whole, in an order that is drawn from the seed and the files' content, to the split that lacks
// its classes most.
//
// Where the set has a split of its own, it is kept: then valid is taken out of train if the set has none,
// group by group, and an image whose near-duplicate or equal is on another side is left out (of train first,
// then of valid: what is reported on stays whole).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/prepare/item.h"
#include "io/prepare/similarity.h"

namespace poster::prepare {

struct SplitOptions {
  std::array<double, kSplits> ratios = {0.8, 0.1, 0.1};
  std::uint64_t seed = 1;
  bool keep_given = true;             // the set's own split, where it has one
  bool allow_person_overlap = false;  // one person on both sides of the set's own split
  int similar_bits = 6;               // for find_near_duplicates(); negative: don't look for any
};

// What the split of an image depends on.
struct SplitInput {
  std::size_t class_index = 0;
  std::optional<Split> given;
  std::string person;         // empty: not known
  std::uint64_t content = 0;  // of the file's bytes
  Fingerprint print;
  std::string source;  // for messages, and the last tie
};

struct SplitResult {
  std::vector<std::optional<Split>> splits;  // nothing: left out as a near-duplicate
  std::vector<std::string> duplicate_of;     // of those left out: the source on another side
  std::size_t equal_files = 0, near_pairs = 0, groups = 0;
  // Equal files with different classes: sources of the first of each.
  std::vector<std::string> contradictions;
};

// Throws poster::Error when the set's own split puts one person on both sides: names the person and both
// images.
void check_person_overlap(const std::vector<SplitInput>& inputs, const SplitOptions& options);

SplitResult assign_splits(const std::vector<SplitInput>& inputs, std::size_t classes,
                          const SplitOptions& options);

// "0.8,0.1,0.1"; throws poster::Error unless they are three numbers from 0 that sum to 1, train's above 0.
std::array<double, kSplits> parse_ratios(const std::string& text);

}  // namespace poster::prepare
