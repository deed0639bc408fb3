#include "apps/study/plot_trials.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "io/plot/canvas.h"

namespace poster::study {
namespace {

using io::Anchor, io::Box, io::Canvas, io::Color;

constexpr double kPanelWidth = 330, kPanelHeight = 210, kLeft = 64, kTop = 84, kGapX = 62, kGapY = 96,
                 kBottom = 74;
constexpr double kRadius = 4.5, kDivergedBelow = 14;
constexpr int kColumns = 3;
constexpr Color kFirstColor{0.66, 0.76, 0.87}, kLastColor{0.05, 0.25, 0.55}, kBadColor{0.75, 0.15, 0.20},
    kWinnerColor{0.88, 0.40, 0.09};

// A parameter's values along the axis of x, 0..1, and their ticks.
class Axis {
 public:
  Axis(const Parameter& parameter) : parameter_(parameter) {}

  double place(const Json& value) const {
    if (choice()) {
      const auto at = std::find(parameter_.choices.begin(), parameter_.choices.end(), value);
      return (static_cast<double>(at - parameter_.choices.begin()) + 0.5) /
             static_cast<double>(parameter_.choices.size());
    }
    return place(value.get<double>());
  }
  std::vector<std::pair<double, std::string>> ticks() const {
    std::vector<std::pair<double, std::string>> found;
    if (choice()) {
      for (const Json& value : parameter_.choices)
        found.emplace_back(place(value), value.is_string() ? value.get<std::string>() : value.dump());
      return found;
    }
    if (parameter_.domain == Parameter::Domain::logarithmic) {
      // Powers of ten with 2 and 5 where there are few; and the ends alone where there is none.
      const double decades = std::log10(parameter_.high / parameter_.low);
      for (double power = std::floor(std::log10(parameter_.low)); power <= std::log10(parameter_.high);
           ++power)
        for (const double factor : {1.0, 2.0, 5.0}) {
          const double value = factor * std::pow(10, power);
          if (decades > 2 && factor > 1) continue;
          if (value < parameter_.low * 0.999 || value > parameter_.high * 1.001) continue;
          char text[32];
          std::snprintf(text, sizeof text, "%g", value);
          found.emplace_back(place(value), text);
        }
      return found;
    }
    const auto values =
        io::nice_ticks(parameter_.low, parameter_.high, 5, parameter_.domain == Parameter::Domain::integer);
    const double step = values.size() > 1 ? values[1] - values[0] : 1;
    for (const double value : values) found.emplace_back(place(value), io::tick_label(value, step));
    return found;
  }

 private:
  bool choice() const { return parameter_.domain == Parameter::Domain::choice; }
  double place(double value) const {
    double low = parameter_.low, high = parameter_.high;
    if (low == high) return 0.5;
    if (parameter_.domain == Parameter::Domain::logarithmic) {
      low = std::log(low);
      high = std::log(high);
      value = std::log(value);
    }
    return 0.03 + 0.94 * (value - low) / (high - low);
  }
  const Parameter& parameter_;
};

class Panels {
 public:
  Panels(Canvas& canvas, const TrialSearch& search) : canvas_(canvas), search_(search) {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const Trial& trial : search.trials)
      for (const double accuracy : trial.accuracy)
        if (std::isfinite(accuracy)) {
          low = std::min(low, accuracy);
          high = std::max(high, accuracy);
        }
    if (low > high) low = 0, high = 100;
    const double margin = std::max(1.0, (high - low) * 0.08);
    low_ = std::max(0.0, low - margin);
    high_ = std::min(100.0, high + margin);
  }

  void parameter(const Box& area, const Parameter& parameter) {
    const Axis axis(parameter);
    frame(area, parameter.name, axis.ticks());
    for (const Trial& trial : search_.trials) {
      const double x = area.x + axis.place(trial.parameters.at(parameter.name)) * area.width;
      if (trial.accuracy.empty()) {
        if (trial.diverged) cross({x, area.bottom() - kDivergedBelow / 2});
        continue;
      }
      const io::Point at{x, y_of(area, trial.accuracy.back())};
      if (trial.number == search_.winner) canvas_.ring(at, kRadius + 3.5, kWinnerColor, 2.5);
      canvas_.dot(at, kRadius, color(trial.accuracy.size() - 1));
    }
  }

  void rungs(const Box& area) {
    std::vector<std::pair<double, std::string>> ticks;
    for (std::size_t k = 0; k < search_.rungs.size(); ++k)
      ticks.emplace_back(rung_place(k), std::to_string(search_.rungs[k].epochs));
    frame(area, "epochs", ticks);
    for (const Trial& trial : search_.trials) {
      std::vector<io::Point> points;
      for (std::size_t k = 0; k < trial.accuracy.size(); ++k)
        points.push_back({area.x + rung_place(k) * area.width, y_of(area, trial.accuracy[k])});
      const bool winner = trial.number == search_.winner;
      canvas_.polyline(points, winner ? kWinnerColor : Color{0.6, 0.66, 0.72}, winner ? 2.5 : 1.2);
      for (std::size_t k = 0; k < points.size(); ++k) canvas_.dot(points[k], kRadius - 1, color(k));
      if (trial.diverged)
        cross({area.x + rung_place(trial.accuracy.size()) * area.width, area.bottom() - kDivergedBelow / 2});
    }
  }

  void legend(double x, double y) {
    const auto entry = [&](const std::string& name, auto&& mark) {
      mark();
      canvas_.text({x + 11, y}, name, {});
      x += 11 + canvas_.text_width(name, {}) + 26;
    };
    for (std::size_t k = 0; k < search_.rungs.size(); ++k)
      entry("to epoch " + std::to_string(search_.rungs[k].epochs), [&] {
        canvas_.dot({x, y}, kRadius, color(k));
      });
    entry("winner", [&] { canvas_.ring({x, y}, kRadius + 1.5, kWinnerColor, 2.5); });
    entry("diverged", [&] { cross({x, y}); });
  }

 private:
  Color color(std::size_t rung) const {
    const double last = static_cast<double>(search_.rungs.size()) - 1;
    return last == 0 ? kLastColor : io::mix(kFirstColor, kLastColor, static_cast<double>(rung) / last);
  }
  double rung_place(std::size_t k) const {
    const double last = static_cast<double>(search_.rungs.size()) - 1;
    return last == 0 ? 0.5 : 0.05 + 0.9 * std::min(static_cast<double>(k) / last, 1.0);
  }
  double y_of(const Box& area, double accuracy) const {
    return area.bottom() - kDivergedBelow -
           (accuracy - low_) / (high_ - low_) * (area.height - kDivergedBelow);
  }
  void cross(io::Point at) {
    canvas_.line({at.x - 4, at.y - 4}, {at.x + 4, at.y + 4}, kBadColor, 2);
    canvas_.line({at.x - 4, at.y + 4}, {at.x + 4, at.y - 4}, kBadColor, 2);
  }
  void frame(const Box& area, const std::string& name,
             const std::vector<std::pair<double, std::string>>& ticks) {
    const auto y_ticks = io::nice_ticks(low_, high_, 5);
    const double step = y_ticks.size() > 1 ? y_ticks[1] - y_ticks[0] : 1;
    for (const double tick : y_ticks) {
      const double y = y_of(area, tick);
      canvas_.line({area.x, y}, {area.right(), y}, io::kGrid);
      canvas_.text({area.x - 8, y}, io::tick_label(tick, step),
                   {.size = 11, .color = io::kMuted, .anchor = Anchor::end});
    }
    for (const auto& [place, label] : ticks) {
      const double x = area.x + place * area.width;
      canvas_.line({x, area.bottom()}, {x, area.bottom() + 4}, io::kMuted);
      canvas_.text({x, area.bottom() + 15}, label,
                   {.size = 11, .color = io::kMuted, .anchor = Anchor::middle});
    }
    canvas_.line({area.x, area.y}, {area.x, area.bottom()}, io::kMuted);
    canvas_.line({area.x, area.bottom()}, {area.right(), area.bottom()}, io::kMuted);
    canvas_.text({area.x + area.width / 2, area.bottom() + 36}, name, {.size = 13, .anchor = Anchor::middle});
  }

  Canvas& canvas_;
  const TrialSearch& search_;
  double low_ = 0, high_ = 100;
};

}  // namespace

void plot_trials(const std::filesystem::path& stem, const std::string& title, const Experiment& experiment,
                 const TrialSearch& search) {
  const auto& parameters = experiment.search->parameters;
  const bool with_rungs = search.rungs.size() > 1;
  const int panels = static_cast<int>(parameters.size()) + with_rungs;
  const int columns = panels == 4 ? 2 : std::min(panels, kColumns), rows = (panels + columns - 1) / columns;
  const double width = std::max(2, columns) * (kPanelWidth + kGapX) + kLeft - kGapX + 30,
               height = kTop + rows * (kPanelHeight + kGapY) - kGapY + kBottom;
  io::write_plot(
      stem, io::make_plot(width, height, [&](Canvas& canvas) {
        const std::string heading = title + ", accuracy on valid, %";
        canvas.text({24, 30}, heading, canvas.fitted(heading, {.size = 16, .bold = true}, width - 48));
        Panels drawing(canvas, search);
        drawing.legend(30, 58);
        for (int i = 0; i < panels; ++i) {
          const int row = i / columns, column = i % columns;
          const Box area{kLeft + column * (kPanelWidth + kGapX), kTop + row * (kPanelHeight + kGapY),
                         kPanelWidth, kPanelHeight};
          if (i < static_cast<int>(parameters.size()))
            drawing.parameter(area, parameters[static_cast<std::size_t>(i)]);
          else
            drawing.rungs(area);
        }
      }));
}

}  // namespace poster::study
