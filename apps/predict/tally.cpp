#include "apps/predict/tally.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>

#include "io/format/display_width.h"
#include "io/format/printable.h"

namespace poster {
namespace {

constexpr std::size_t kListedFolders = 12;

std::string row(const std::string& name, std::size_t count, std::size_t of, int width) {
  char numbers[64];
  if (of > 0)
    std::snprintf(numbers, sizeof numbers, "%8zu  %5.1f %%\n", count,
                  100.0 * static_cast<double>(count) / static_cast<double>(of));
  else
    std::snprintf(numbers, sizeof numbers, "%8zu\n", count);
  return "  " + name +
         std::string(static_cast<std::size_t>(std::max(0, width - io::display_width(name))), ' ') + numbers;
}

std::string part(std::size_t count, std::size_t of) {
  return std::to_string(count) + " of " + std::to_string(of);
}

}  // namespace

Tally::Tally(const std::vector<std::string>& classes, const Telling& telling)
    : classes_(classes), telling_(telling), faces_(classes.size()) {}

void Tally::add(const Found& found, double read_ms) {
  ++(found.frame < 0 ? images_ : frames_);
  read_ms_ += read_ms;
  ms_ += found.ms;
  without_face_ += found.faces.empty();
  for (const auto& face : found.faces) {
    if (is_uncertain(face, telling_))
      ++uncertain_;
    else
      ++faces_[static_cast<std::size_t>(face.label)];
  }
  if (found.frame >= 0) return;
  Folder& folder = folders_[std::filesystem::path(found.path).parent_path().filename().string()];
  ++folder.images;
  folder.without_face += found.faces.empty();
}

std::string Tally::summary() const {
  std::size_t faces = uncertain_;
  int width = static_cast<int>(std::string("without a face").size());
  for (std::size_t i = 0; i < classes_.size(); ++i) {
    faces += faces_[i];
    width = std::max(width, io::display_width(io::escaped(classes_[i])));
  }
  const std::size_t seen = images_ + frames_;
  std::string text = "Summary\n";
  if (images_ > 0) text += row("images", images_, 0, width);
  if (frames_ > 0) text += row("frames", frames_, 0, width);
  text += row("without a face", without_face_, seen, width) + row("faces", faces, 0, width);
  for (std::size_t i = 0; i < classes_.size(); ++i)
    text += row(io::escaped(classes_[i]), faces_[i], faces, width);
  if (telling_.min_probability > 0) text += row("uncertain", uncertain_, faces, width);
  if (seen == 0) return text;
  char times[128];
  const double n = static_cast<double>(seen);
  std::snprintf(times, sizeof times, "  mean time of one: %.1f ms, %.1f ms of it for reading\n", ms_ / n,
                read_ms_ / n);
  return text + times;
}

std::string Tally::without_face() const {
  std::size_t missing = 0;
  std::vector<std::pair<std::string, Folder>> order;
  for (const auto& [name, folder] : folders_) {
    missing += folder.without_face;
    if (folder.without_face > 0) order.emplace_back(name, folder);
  }
  if (missing == 0) return "";
  std::string text = "no face in " + part(missing, images_) + " images";
  if (folders_.size() < 2) return text;
  std::ranges::stable_sort(order, std::ranges::greater{},
                           [](const auto& one) { return one.second.without_face; });
  text += "; by folder: ";
  for (std::size_t i = 0; i < std::min(order.size(), kListedFolders); ++i)
    text += (i > 0 ? ", " : "") + io::escaped(order[i].first) + " " +
            part(order[i].second.without_face, order[i].second.images);
  return text + (order.size() > kListedFolders ? ", …" : "");
}

}  // namespace poster
