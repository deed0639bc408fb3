// What a run of poster_prepare made, for people: counts per split and class, what was left out and why.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "io/prepare/item.h"

namespace poster::prepare {

struct Summary {
  std::vector<std::string> classes;
  std::vector<std::array<std::size_t, kSplits>> counts;  // by class
  std::array<std::size_t, kSplits> persons{};            // in each split; 0: the set doesn't tell them
  std::vector<LeftOut> left_out;                         // in the order of their sources
  std::vector<std::string> notes;

  // Of this run alone, and not in text():
  std::size_t processed = 0, kept = 0;  // images made now, and found done
  double seconds = 0;
};

// A table, what was left out by reason with the first names of unreadable files, and the notes; no times.
std::string summary_text(const Summary& summary);

}  // namespace poster::prepare
