#include "io/plot/panel.h"

#include <algorithm>
#include <cmath>

namespace poster::io {
namespace {

constexpr std::size_t kMaxMarkers = 40;

// Widened to whole ticks.
Range to_ticks(Range range, int wanted) {
  const auto ticks = nice_ticks(range.low, range.high, wanted);
  const double step = ticks.size() > 1 ? ticks[1] - ticks[0] : range.high - range.low;
  return {std::floor(range.low / step + 1e-6) * step, std::ceil(range.high / step - 1e-6) * step};
}

}  // namespace

Range epoch_range(std::span<const EpochMetrics> epochs) {
  if (epochs.empty()) return {0, 1};
  return {static_cast<double>(epochs.front().epoch), static_cast<double>(epochs.back().epoch)};
}

Range with_margin(Range x) {
  const double margin = x.low == x.high ? 0.5 : 0.015 * (x.high - x.low);
  return {x.low - margin, x.high + margin};
}

void widen(Range& range, std::span<const EpochMetrics> epochs, double EpochMetrics::*value) {
  for (const EpochMetrics& epoch : epochs) {
    if (!std::isfinite(epoch.*value)) continue;
    range.low = std::min(range.low, epoch.*value);
    range.high = std::max(range.high, epoch.*value);
  }
}

Range accuracy_range(Range values) {
  if (values.low > values.high) return {0, 100};
  const double lack = std::max(10 - (values.high - values.low), 2.0) / 2;
  const Range range = to_ticks({values.low - lack, values.high + lack}, kAccuracyTicks);
  return {std::max(range.low, 0.0), std::min(range.high, 100.0)};
}

Range loss_range(Range values) {
  if (values.low > values.high) return {0, 1};
  return to_ticks({std::min(values.low, 0.0), std::max(values.high * 1.05, 0.01)}, kLossTicks);
}

const EpochMetrics* best_epoch(std::span<const EpochMetrics> epochs) {
  const EpochMetrics* best = nullptr;
  for (const EpochMetrics& epoch : epochs)
    if (std::isfinite(epoch.valid_accuracy) &&
        (best == nullptr || epoch.valid_accuracy > best->valid_accuracy))
      best = &epoch;
  return best;
}

Point Panel::position(double x, double y) const {
  return {area_.x + (x - x_.low) / (x_.high - x_.low) * area_.width,
          area_.bottom() - (y - y_.low) / (y_.high - y_.low) * area_.height};
}

void Panel::axes(const std::string& title, int wanted_ticks, bool with_epochs) {
  const auto y_ticks = nice_ticks(y_.low, y_.high, wanted_ticks);
  const double y_step = y_ticks.size() > 1 ? y_ticks[1] - y_ticks[0] : 1;
  for (const double tick : y_ticks) {
    const double y = position(0, tick).y;
    canvas_.line({area_.x, y}, {area_.right(), y}, kGrid);
    canvas_.text({area_.x - 10, y}, tick_label(tick, y_step), {.color = kMuted, .anchor = Anchor::end});
  }
  for (const double tick : nice_ticks(x_.low, x_.high, 12, true)) {
    const double x = position(tick, 0).x;
    canvas_.line({x, area_.y}, {x, area_.bottom()}, kGrid);
    canvas_.line({x, area_.bottom()}, {x, area_.bottom() + 5}, kMuted);
    if (with_epochs)
      canvas_.text({x, area_.bottom() + 17}, tick_label(tick, 1),
                   {.color = kMuted, .anchor = Anchor::middle});
  }
  canvas_.line({area_.x, area_.y}, {area_.x, area_.bottom()}, kMuted);
  canvas_.line({area_.x, area_.bottom()}, {area_.right(), area_.bottom()}, kMuted);
  canvas_.text({area_.x, area_.y - 18}, title, {.size = 13, .bold = true});
}

void Panel::curve(std::span<const EpochMetrics> epochs, double EpochMetrics::*value,
                  const CurveStyle& style) {
  std::vector<Point> piece;
  const auto finish = [&] {
    canvas_.polyline(piece, style.color, 2, style.dashes);
    if (piece.size() == 1 || epochs.size() <= kMaxMarkers)
      for (const Point& point : piece) canvas_.dot(point, epochs.size() == 1 ? 5 : 3, style.color);
    piece.clear();
  };
  for (const EpochMetrics& epoch : epochs) {
    if (std::isfinite(epoch.*value))
      piece.push_back(position(epoch.epoch, epoch.*value));
    else
      finish();
  }
  finish();
}

}  // namespace poster::io
