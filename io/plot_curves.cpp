#include "io/plot_curves.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "io/plot_canvas.h"

namespace poster::io {
namespace {

constexpr double kWidth = 880, kHeight = 680, kLeft = 74, kRight = 28;
constexpr Box kAccuracyPanel{kLeft, 92, kWidth - kLeft - kRight, 292};
constexpr Box kLossPanel{kLeft, 440, kWidth - kLeft - kRight, 170};
constexpr Color kTrainColor{0.12, 0.42, 0.75}, kValidColor{0.88, 0.40, 0.09};
constexpr double kRing = 5.5;
constexpr std::size_t kMostMarkers = 40;
constexpr int kAccuracyTicks = 8, kLossTicks = 5;

struct Curve {
  const char* name;
  Color color;
  double EpochMetrics::*value;
};

struct Range {
  double low, high;
};

class Panel {
 public:
  Panel(Canvas& canvas, const Box& area, Range x, Range y, std::span<const EpochMetrics> epochs)
      : canvas_(canvas), area_(area), x_(x), y_(y), epochs_(epochs) {}

  Point position(double x, double y) const {
    return {area_.x + (x - x_.low) / (x_.high - x_.low) * area_.width,
            area_.bottom() - (y - y_.low) / (y_.high - y_.low) * area_.height};
  }

  void axes(const std::string& title, int wanted_ticks, bool with_epochs) {
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

  // Names with the last values, from the right, above the panel where they cover no curve. `best` may be
  // null.
  void legend(std::span<const Curve> curves, const char* format, const EpochMetrics* best) {
    const double y = area_.y - 18;
    const TextStyle style{.anchor = Anchor::end};
    double right = area_.right();
    if (best != nullptr) {
      char text[96];
      std::snprintf(text, sizeof text, "best  %.2f %% in epoch %d", best->valid_accuracy, best->epoch);
      canvas_.text({right, y}, text, style);
      right -= canvas_.text_width(text, style) + 8 + kRing;
      canvas_.ring({right, y}, kRing, kValidColor, 2);
      right -= kRing + 22;
    }
    for (std::size_t i = curves.size(); i-- > 0;) {
      double last = std::nan("");
      for (const EpochMetrics& epoch : epochs_)
        if (std::isfinite(epoch.*curves[i].value)) last = epoch.*curves[i].value;
      if (std::isnan(last)) continue;
      char value[64];
      std::snprintf(value, sizeof value, format, last);
      std::string text = curves[i].name;
      text.append("  ").append(value);
      canvas_.text({right, y}, text, style);
      right -= canvas_.text_width(text, style) + 8;
      canvas_.line({right - 24, y}, {right, y}, curves[i].color, 2.5);
      right -= 24 + 22;
    }
  }

  void curve(const Curve& curve) {
    std::vector<Point> piece;
    const auto finish = [&] {
      canvas_.polyline(piece, curve.color, 2);
      if (piece.size() == 1 || epochs_.size() <= kMostMarkers)
        for (const Point& point : piece) canvas_.dot(point, epochs_.size() == 1 ? 5 : 3, curve.color);
      piece.clear();
    };
    for (const EpochMetrics& epoch : epochs_) {
      if (std::isfinite(epoch.*curve.value))
        piece.push_back(position(epoch.epoch, epoch.*curve.value));
      else
        finish();
    }
    finish();
  }

  void mark_best(const EpochMetrics& best) {
    canvas_.ring(position(best.epoch, best.valid_accuracy), kRing, kValidColor, 2);
  }

 private:
  Canvas& canvas_;
  Box area_;
  Range x_, y_;
  std::span<const EpochMetrics> epochs_;
};

// The least and largest finite value of the curves; low > high when there is none.
Range range_of(std::span<const EpochMetrics> epochs, std::span<const Curve> curves) {
  Range range{INFINITY, -INFINITY};
  for (const EpochMetrics& epoch : epochs) {
    for (const Curve& curve : curves) {
      const double value = epoch.*curve.value;
      if (!std::isfinite(value)) continue;
      range.low = std::min(range.low, value);
      range.high = std::max(range.high, value);
    }
  }
  return range;
}

// Widened to whole ticks.
Range to_ticks(Range range, int wanted) {
  const auto ticks = nice_ticks(range.low, range.high, wanted);
  const double step = ticks.size() > 1 ? ticks[1] - ticks[0] : range.high - range.low;
  return {std::floor(range.low / step + 1e-6) * step, std::ceil(range.high / step - 1e-6) * step};
}

// Within 0..100 and at least ten points from end to end.
Range accuracy_range(Range values) {
  if (values.low > values.high) return {0, 100};
  const double lack = std::max(10 - (values.high - values.low), 2.0) / 2;
  const Range range = to_ticks({values.low - lack, values.high + lack}, kAccuracyTicks);
  return {std::max(range.low, 0.0), std::min(range.high, 100.0)};
}

// From 0, or from below the least value when that is negative (no loss in use is).
Range loss_range(Range values) {
  if (values.low > values.high) return {0, 1};
  return to_ticks({std::min(values.low, 0.0), std::max(values.high * 1.05, 0.01)}, kLossTicks);
}

}  // namespace

void plot_curves(const std::filesystem::path& stem, const std::string& title,
                 std::span<const EpochMetrics> epochs) {
  const Curve accuracies[] = {{"train", kTrainColor, &EpochMetrics::train_accuracy},
                              {"valid", kValidColor, &EpochMetrics::valid_accuracy}};
  const Curve losses[] = {{"train", kTrainColor, &EpochMetrics::train_loss},
                          {"valid", kValidColor, &EpochMetrics::valid_loss}};
  Range x{0, 1};
  if (!epochs.empty())
    x = {static_cast<double>(epochs.front().epoch), static_cast<double>(epochs.back().epoch)};
  const double margin = x.low == x.high ? 0.5 : 0.015 * (x.high - x.low);
  x = {x.low - margin, x.high + margin};

  const EpochMetrics* best = nullptr;
  for (const EpochMetrics& epoch : epochs)
    if (std::isfinite(epoch.valid_accuracy) &&
        (best == nullptr || epoch.valid_accuracy > best->valid_accuracy))
      best = &epoch;

  write_plot(stem, kWidth, kHeight, [&](Canvas& canvas) {
    const TextStyle title_style{.size = 17, .bold = true};
    canvas.text({kLeft, 36}, title, canvas.fitted(title, title_style, kWidth - kLeft - kRight));
    Panel accuracy(canvas, kAccuracyPanel, x, accuracy_range(range_of(epochs, accuracies)), epochs);
    accuracy.axes("Accuracy, %", kAccuracyTicks, false);
    accuracy.legend(accuracies, "%.2f %%", best);
    for (const Curve& curve : accuracies) accuracy.curve(curve);
    if (best != nullptr) accuracy.mark_best(*best);
    Panel loss(canvas, kLossPanel, x, loss_range(range_of(epochs, losses)), epochs);
    loss.axes("Loss", kLossTicks, true);
    loss.legend(losses, "%.4f", nullptr);
    for (const Curve& curve : losses) loss.curve(curve);
    canvas.text({kLossPanel.x + kLossPanel.width / 2, kHeight - 26}, "Epoch",
                {.size = 13, .anchor = Anchor::middle});
  });
}

}  // namespace poster::io
