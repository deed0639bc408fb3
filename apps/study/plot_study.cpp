#include "apps/study/plot_study.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "io/plot/canvas.h"

namespace poster::study {
namespace {

using io::Anchor, io::Box, io::Canvas, io::Color;

constexpr double kWidth = 900, kMarginTop = 96, kMarginBottom = 62, kRow = 64, kRight = 40;
constexpr double kMaxLabel = 260, kDotRadius = 4, kInset = 10;
constexpr Color kClaimColor{0.75, 0.15, 0.20};
// Best and last epoch on test; the best on valid, chosen by looking at it, is hollow.
struct Series {
  const char* name;
  int state, split;
  Color color;
  double offset;
};
constexpr Series kSeries[] = {{"best epoch, valid", 0, 0, {0.55, 0.62, 0.70}, -16},
                              {"best epoch, test", 0, 1, {0.12, 0.42, 0.75}, 0},
                              {"last epoch, test", 1, 1, {0.88, 0.40, 0.09}, 16}};

struct Range {
  double low, high;
};

Range range_of(const std::vector<ExperimentResult>& results) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  const auto take = [&](double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  };
  for (const ExperimentResult& result : results) {
    if (result.planned->experiment->claim) take(result.planned->experiment->claim->accuracy);
    for (const SeedResult& seed : result.seeds)
      if (seed.state == State::done)
        for (const Series& series : kSeries) take(seed.scores.score[series.state][series.split].accuracy);
  }
  if (low > high) return {0, 100};
  const double margin = std::max(2.0, (high - low) * 0.08);
  return {std::max(0.0, low - margin), std::min(100.0, high + margin)};
}

void diamond(Canvas& canvas, io::Point at, double r, const Color& color) {
  const io::Point points[] = {{at.x, at.y - r}, {at.x + r, at.y}, {at.x, at.y + r},
                              {at.x - r, at.y}, {at.x, at.y - r}, {at.x + r, at.y}};
  canvas.polyline(points, color, 2.5);
}

void legend(Canvas& canvas, double left, bool with_claims) {
  double x = left;
  const double y = 66;
  const auto entry = [&](const std::string& name, auto&& mark) {
    mark();
    canvas.text({x + 10, y}, name, {});
    x += 10 + canvas.text_width(name, {}) + 24;
  };
  for (const Series& series : kSeries)
    entry(series.name, [&] { canvas.dot({x, y}, kDotRadius, series.color); });
  entry("mean", [&] { canvas.line({x, y - 7}, {x, y + 7}, io::kInk, 2.5); });
  if (with_claims) entry("claim", [&] { diamond(canvas, {x, y}, 6, kClaimColor); });
}

}  // namespace

void plot_study(const std::filesystem::path& stem, const std::string& title,
                const std::vector<ExperimentResult>& results) {
  const io::TextStyle label{.size = 13};
  double label_width = 60;
  io::measure_text([&](Canvas& canvas) {
    for (const ExperimentResult& result : results)
      label_width = std::max(label_width, canvas.text_width(result.planned->experiment->name, label));
  });
  label_width = std::min(label_width, kMaxLabel);
  const double left = 24 + label_width + 18,
               height = kMarginTop + kRow * static_cast<double>(results.size()) + kMarginBottom;
  const Box area{left, kMarginTop, kWidth - left - kRight, height - kMarginTop - kMarginBottom};
  const Range range = range_of(results);
  const auto place = [&](double accuracy) {
    return area.x + kInset + (accuracy - range.low) / (range.high - range.low) * (area.width - 2 * kInset);
  };
  const bool with_claims = std::any_of(results.begin(), results.end(), [](const ExperimentResult& result) {
    return result.planned->experiment->claim.has_value();
  });
  io::write_plot(
      stem, io::make_plot(kWidth, height, [&](Canvas& canvas) {
        canvas.text({24, 32}, title, canvas.fitted(title, {.size = 17, .bold = true}, kWidth - 48));
        legend(canvas, 30, with_claims);
        const auto ticks = io::nice_ticks(range.low, range.high, 8);
        const double step = ticks.size() > 1 ? ticks[1] - ticks[0] : 1;
        for (const double tick : ticks) {
          canvas.line({place(tick), area.y}, {place(tick), area.bottom()}, io::kGrid);
          canvas.text({place(tick), area.bottom() + 16}, io::tick_label(tick, step),
                      {.color = io::kMuted, .anchor = Anchor::middle});
        }
        canvas.text({area.x + area.width / 2, area.bottom() + 40}, "Accuracy, %",
                    {.size = 13, .anchor = Anchor::middle});
        for (std::size_t i = 0; i < results.size(); ++i) {
          const double y = kMarginTop + kRow * (static_cast<double>(i) + 0.5);
          canvas.line({24, y + kRow / 2}, {area.right(), y + kRow / 2}, io::kGrid);
          const Experiment& e = *results[i].planned->experiment;
          canvas.text({24, y}, canvas.shortened(e.name, label, label_width), label);
          if (results[i].done() == 0)
            canvas.text({area.x + 12, y}, "no run is done yet", {.color = io::kMuted});
          for (const Series& series : kSeries) {
            const Summary summary = results[i].accuracy(series.state, series.split);
            if (summary.count == 0) continue;
            const double at = y + series.offset;
            canvas.line({place(summary.mean), at - 7}, {place(summary.mean), at + 7}, io::kInk, 2.5);
            for (const SeedResult& seed : results[i].seeds)
              if (seed.state == State::done)
                canvas.dot({place(seed.scores.score[series.state][series.split].accuracy), at}, kDotRadius,
                           series.color);
          }
          if (e.claim) diamond(canvas, {place(e.claim->accuracy), y}, 7, kClaimColor);
        }
        canvas.line({area.x, area.y}, {area.x, area.bottom()}, io::kMuted);
        canvas.line({area.x, area.bottom()}, {area.right(), area.bottom()}, io::kMuted);
      }));
}

}  // namespace poster::study
