// An area of a plot with axes: epochs to the right, a value upwards.
#pragma once

#include <limits>
#include <span>
#include <string>
#include <vector>

#include "io/plot/canvas.h"
#include "io/score/metrics.h"

namespace poster::io {

struct Range {
  double low, high;
};
// Of no values.
inline constexpr Range kNoRange{std::numeric_limits<double>::infinity(),
                                -std::numeric_limits<double>::infinity()};

// The range of the epochs with a margin on both sides; one of an empty run is 0..1.
Range epoch_range(std::span<const EpochMetrics> epochs);
Range with_margin(Range epochs);
// Adds the finite values; begin with kNoRange, which is also what stays when there are none.
void widen(Range& range, std::span<const EpochMetrics> epochs, double EpochMetrics::*value);

constexpr int kAccuracyTicks = 8, kLossTicks = 5;
// What an axis shows of these values. Accuracies: within 0..100 and at least ten points from end to end.
// Losses: from 0, or from below the least value when that is negative (no loss in use is).
Range accuracy_range(Range values);
Range loss_range(Range values);

// The epoch with the highest accuracy on valid, the first of equals; null when none is finite.
const EpochMetrics* best_epoch(std::span<const EpochMetrics> epochs);

struct CurveStyle {
  Color color;
  std::span<const double> dashes = {};
};

class Panel {
 public:
  Panel(Canvas& canvas, const Box& area, Range x, Range y) : canvas_(canvas), area_(area), x_(x), y_(y) {}

  Point position(double x, double y) const;
  void axes(const std::string& title, int wanted_ticks, bool with_epochs);
  // Values that are NaN or infinite leave a gap.
  void curve(std::span<const EpochMetrics> epochs, double EpochMetrics::*value, const CurveStyle& style);

 private:
  Canvas& canvas_;
  Box area_;
  Range x_, y_;
};

}  // namespace poster::io
