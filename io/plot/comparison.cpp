#include "io/plot/comparison.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "io/plot/panel.h"
#include "io/plot/panel_layout.h"

namespace poster::io {
namespace {

constexpr double kLegendTop = kLossPanel.y + kLossPanel.height + 66, kLegendRow = 22;

// Without the set's yellow, which is hardly seen on white.
constexpr std::array<Color, 7> kColors = {{{0, 0.447, 0.698},
                                           {0.835, 0.369, 0},
                                           {0, 0.620, 0.451},
                                           {0.8, 0.475, 0.655},
                                           {0.337, 0.706, 0.914},
                                           {0.902, 0.624, 0},
                                           {0, 0, 0}}};
constexpr std::array<double, 2> kDashed = {8, 4}, kDotted = {2, 3};

CurveStyle style_of(std::size_t run) {
  const std::span<const double> dashes[] = {{}, kDashed, kDotted};
  return {kColors[run % kColors.size()], dashes[run / kColors.size() % std::size(dashes)]};
}

std::string summary_of(const RunCurves& run) {
  const EpochMetrics* best = best_epoch(run.epochs);
  if (best == nullptr) return "no epoch yet";
  char text[96];
  std::snprintf(text, sizeof text, "best %.2f %% in epoch %d", best->valid_accuracy, best->epoch);
  return text;
}

void draw_legend(Canvas& canvas, std::span<const RunCurves> runs) {
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const double y = kLegendTop + static_cast<double>(i) * kLegendRow;
    const Point swatch[] = {{kLeft, y}, {kLeft + 34, y}};
    const CurveStyle style = style_of(i);
    canvas.polyline(swatch, style.color, 2.5, style.dashes);
    const TextStyle right{.color = kMuted, .anchor = Anchor::end};
    const std::string summary = summary_of(runs[i]);
    canvas.text({kWidth - kRight, y}, summary, right);
    const double room = kWidth - kRight - canvas.text_width(summary, right) - 20 - (kLeft + 44);
    canvas.text({kLeft + 44, y}, canvas.shortened(runs[i].name, {}, room), {});
  }
}

}  // namespace

Plot comparison_plot(const std::string& title, std::span<const RunCurves> runs) {
  Range x = kNoRange, accuracies = x, losses = x;
  for (const RunCurves& run : runs) {
    if (run.epochs.empty()) continue;
    const Range epochs = epoch_range(run.epochs);
    x = {std::min(x.low, epochs.low), std::max(x.high, epochs.high)};
    widen(accuracies, run.epochs, &EpochMetrics::valid_accuracy);
    widen(losses, run.epochs, &EpochMetrics::valid_loss);
  }
  if (x.low > x.high) x = {0, 1};
  x = with_margin(x);

  const double height = kLegendTop + static_cast<double>(runs.size()) * kLegendRow + 8;
  return make_plot(kWidth, height, [&](Canvas& canvas) {
    canvas.text({kLeft, 36}, title,
                canvas.fitted(title, {.size = 17, .bold = true}, kWidth - kLeft - kRight));
    Panel accuracy(canvas, kAccuracyPanel, x, accuracy_range(accuracies));
    accuracy.axes("Accuracy on valid, %", kAccuracyTicks, false);
    Panel loss(canvas, kLossPanel, x, loss_range(losses));
    loss.axes("Loss on valid", kLossTicks, true);
    canvas.text({kLossPanel.x + kLossPanel.width / 2, kLossPanel.bottom() + 40}, "Epoch",
                {.size = 13, .anchor = Anchor::middle});
    for (std::size_t i = 0; i < runs.size(); ++i) {
      const CurveStyle style = style_of(i);
      accuracy.curve(runs[i].epochs, &EpochMetrics::valid_accuracy, style);
      loss.curve(runs[i].epochs, &EpochMetrics::valid_loss, style);
      if (const EpochMetrics* best = best_epoch(runs[i].epochs))
        canvas.ring(accuracy.position(best->epoch, best->valid_accuracy), kRing, style.color, 2);
    }
    draw_legend(canvas, runs);
  });
}

}  // namespace poster::io
