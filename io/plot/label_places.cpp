#include "io/plot/label_places.h"

#include <algorithm>
#include <array>
#include <optional>

namespace poster::io {
namespace {

bool overlap(const Box& one, const Box& other) {
  return one.x < other.right() && other.x < one.right() && one.y < other.bottom() && other.y < one.bottom();
}

Box grown(const Box& box, double by) {
  return {box.x - by, box.y - by, box.width + 2 * by, box.height + 2 * by};
}

// Above and below at either end, then at both sides; drawn into the image along the box's edge.
std::array<Box, 6> places_beside(const Box& box, const LabelSize& label, double gap, double width,
                                 double height) {
  const auto x = [&](double at) { return std::clamp(at, 0.0, std::max(0.0, width - label.width)); };
  const auto y = [&](double at) { return std::clamp(at, 0.0, std::max(0.0, height - label.height)); };
  const double above = box.y - gap - label.height, below = box.bottom() + gap;
  const double right_end = box.right() - label.width;
  const auto place = [&](double left, double top) { return Box{left, top, label.width, label.height}; };
  return {place(x(box.x), above),
          place(x(box.x), below),
          place(x(right_end), above),
          place(x(right_end), below),
          place(box.right() + gap, y(box.y)),
          place(box.x - gap - label.width, y(box.y))};
}

void fill_strip(std::span<Box> places, const std::vector<std::size_t>& waiting, double width, double height,
                bool one_row) {
  if (waiting.empty()) return;
  double sum = 0;
  for (const std::size_t i : waiting) sum += places[i].width;
  if (one_row && sum > width)
    for (const std::size_t i : waiting) places[i].width = width / static_cast<double>(waiting.size());
  double x = 0, y = height, row = 0;
  for (const std::size_t i : waiting) {
    Box& place = places[i];
    place.width = std::min(place.width, width);
    if (!one_row && x > 0 && x + place.width > width) {
      x = 0;
      y += row;
      row = 0;
    }
    place.x = x;
    place.y = y;
    x += place.width;
    row = std::max(row, place.height);
  }
}

}  // namespace

std::vector<Box> place_labels(double width, double height, std::span<const Box> boxes,
                              std::span<const LabelSize> labels, double gap, bool one_row) {
  std::vector<Box> places(boxes.size());
  std::vector<Box> taken;
  for (const Box& box : boxes) taken.push_back(grown(box, gap / 2));
  std::vector<std::size_t> waiting;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const auto candidates = places_beside(boxes[i], labels[i], gap, width, height);
    const auto free = std::ranges::find_if(candidates, [&](const Box& place) {
      return place.x >= 0 && place.y >= 0 && place.right() <= width && place.bottom() <= height &&
             std::ranges::none_of(taken, [&](const Box& other) { return overlap(place, other); });
    });
    if (free == candidates.end()) {
      places[i] = {0, height, labels[i].width, labels[i].height};
      waiting.push_back(i);
    } else {
      places[i] = *free;
      taken.push_back(*free);
    }
  }
  fill_strip(places, waiting, width, height, one_row);
  return places;
}

}  // namespace poster::io
