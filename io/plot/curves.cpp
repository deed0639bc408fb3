#include "io/plot/curves.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "io/plot/panel.h"
#include "io/plot/panel_layout.h"

namespace poster::io {
namespace {

constexpr double kHeight = 680;
constexpr Color kTrainColor{0.12, 0.42, 0.75}, kValidColor{0.88, 0.40, 0.09};

struct Curve {
  const char* name;
  Color color;
  double EpochMetrics::*value;
};

// Names with the last values, from the right, above the panel where they cover no curve. `best` may be
// null.
void legend(Canvas& canvas, const Box& area, std::span<const EpochMetrics> epochs,
            std::span<const Curve> curves, const char* format, const EpochMetrics* best) {
  const double y = area.y - 18;
  const TextStyle style{.anchor = Anchor::end};
  double right = area.right();
  if (best != nullptr) {
    char text[96];
    std::snprintf(text, sizeof text, "best  %.2f %% in epoch %d", best->valid_accuracy, best->epoch);
    canvas.text({right, y}, text, style);
    right -= canvas.text_width(text, style) + 8 + kRing;
    canvas.ring({right, y}, kRing, kValidColor, 2);
    right -= kRing + 22;
  }
  for (std::size_t i = curves.size(); i-- > 0;) {
    double last = std::nan("");
    for (const EpochMetrics& epoch : epochs)
      if (std::isfinite(epoch.*curves[i].value)) last = epoch.*curves[i].value;
    if (std::isnan(last)) continue;
    char value[64];
    std::snprintf(value, sizeof value, format, last);
    std::string text = curves[i].name;
    text.append("  ").append(value);
    canvas.text({right, y}, text, style);
    right -= canvas.text_width(text, style) + 8;
    canvas.line({right - 24, y}, {right, y}, curves[i].color, 2.5);
    right -= 24 + 22;
  }
}

// The least and largest finite value of the curves; low > high when there is none.
Range range_of(std::span<const EpochMetrics> epochs, std::span<const Curve> curves) {
  Range range = kNoRange;
  for (const Curve& curve : curves) widen(range, epochs, curve.value);
  return range;
}

}  // namespace

Plot curves_plot(const std::string& title, std::span<const EpochMetrics> epochs) {
  const Curve accuracies[] = {{"train", kTrainColor, &EpochMetrics::train_accuracy},
                              {"valid", kValidColor, &EpochMetrics::valid_accuracy}};
  const Curve losses[] = {{"train", kTrainColor, &EpochMetrics::train_loss},
                          {"valid", kValidColor, &EpochMetrics::valid_loss}};
  const Range x = with_margin(epoch_range(epochs));
  const EpochMetrics* best = best_epoch(epochs);

  return make_plot(kWidth, kHeight, [&](Canvas& canvas) {
    const TextStyle title_style{.size = 17, .bold = true};
    canvas.text({kLeft, 36}, title, canvas.fitted(title, title_style, kWidth - kLeft - kRight));
    Panel accuracy(canvas, kAccuracyPanel, x, accuracy_range(range_of(epochs, accuracies)));
    accuracy.axes("Accuracy, %", kAccuracyTicks, false);
    legend(canvas, kAccuracyPanel, epochs, accuracies, "%.2f %%", best);
    for (const Curve& curve : accuracies) accuracy.curve(epochs, curve.value, {curve.color});
    if (best != nullptr)
      canvas.ring(accuracy.position(best->epoch, best->valid_accuracy), kRing, kValidColor, 2);
    Panel loss(canvas, kLossPanel, x, loss_range(range_of(epochs, losses)));
    loss.axes("Loss", kLossTicks, true);
    legend(canvas, kLossPanel, epochs, losses, "%.4f", nullptr);
    for (const Curve& curve : losses) loss.curve(epochs, curve.value, {curve.color});
    canvas.text({kLossPanel.x + kLossPanel.width / 2, kHeight - 26}, "Epoch",
                {.size = 13, .anchor = Anchor::middle});
  });
}

void plot_curves(const std::filesystem::path& stem, const std::string& title,
                 std::span<const EpochMetrics> epochs) {
  write_plot(stem, curves_plot(title, epochs));
}

}  // namespace poster::io
