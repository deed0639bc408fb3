#include "io/prepare/summary.h"

#include <algorithm>
#include <cstdio>
#include <numeric>

#include "io/format/display_width.h"
#include "io/format/printable.h"

namespace poster::prepare {
namespace {

constexpr std::size_t kListedFiles = 10;

std::string padded(const std::string& text, std::size_t width) {
  const auto shown = static_cast<std::size_t>(io::display_width(text));
  return text + std::string(width > shown ? width - shown : 0, ' ');
}

std::string right(std::size_t value, std::size_t width) {
  const std::string text = std::to_string(value);
  return std::string(width > text.size() ? width - text.size() : 0, ' ') + text;
}

std::string row(const std::string& name, std::size_t width, const std::array<std::size_t, kSplits>& counts) {
  std::string line = padded(name, width);
  for (const std::size_t count : counts) line += right(count, 10);
  return line + right(std::accumulate(counts.begin(), counts.end(), std::size_t{0}), 10) + "\n";
}

}  // namespace

std::string summary_text(const Summary& summary) {
  std::size_t width = 8;
  for (const std::string& name : summary.classes)
    width = std::max(width, static_cast<std::size_t>(io::display_width(name)) + 1);
  std::string text = padded("class", width) + "     train     valid      test       all\n";
  std::array<std::size_t, kSplits> sums{};
  for (std::size_t c = 0; c < summary.classes.size(); ++c) {
    text += row(summary.classes[c], width, summary.counts[c]);
    for (std::size_t s = 0; s < kSplits; ++s) sums[s] += summary.counts[c][s];
  }
  text += row("all", width, sums);
  if (std::ranges::any_of(summary.persons, [](std::size_t n) { return n > 0; }))
    text += row("persons", width, summary.persons);

  std::map<std::string, std::size_t> reasons;
  for (const LeftOut& one : summary.left_out) ++reasons[one.reason];
  std::vector<std::pair<std::string, std::size_t>> order(reasons.begin(), reasons.end());
  std::ranges::stable_sort(order, std::ranges::greater{}, &std::pair<std::string, std::size_t>::second);
  text += "\nImages left out: " + std::to_string(summary.left_out.size()) +
          (order.empty() ? "\n" : " (each in left_out.csv)\n");
  for (const auto& [reason, count] : order) text += right(count, 8) + "  " + io::printable(reason) + "\n";

  std::size_t listed = 0;
  for (const LeftOut& one : summary.left_out) {
    if (one.reason != "unreadable") continue;
    if (listed == 0) text += "\nUnreadable:\n";
    if (++listed > kListedFiles) {
      text += "  ... (" + std::to_string(reasons["unreadable"]) + " in all)\n";
      break;
    }
    text += "  " + io::printable(one.detail.empty() ? one.source : one.detail) + "\n";
  }
  if (!summary.notes.empty()) text += "\nNotes:\n";
  for (const std::string& note : summary.notes) text += "  " + io::printable(note) + "\n";
  return text;
}

}  // namespace poster::prepare
