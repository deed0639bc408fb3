#include "io/plot/confusion.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>

#include "io/plot/canvas.h"

namespace poster::io {
namespace {

constexpr double kLongestName = 190, kTitleHeight = 84, kEdge = 28, kAxisTitle = 30, kScaleWidth = 16;
constexpr Color kLow{0.965, 0.975, 0.99}, kMiddle{0.42, 0.68, 0.84}, kHigh{0.03, 0.19, 0.42};

// Through a middle colour, so that small shares can be told from none.
Color scale_color(double share) {
  return share < 0.5 ? mix(kLow, kMiddle, share * 2) : mix(kMiddle, kHigh, share * 2 - 1);
}

std::string printed(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string percent(double share) {
  if (std::isnan(share)) return "-";
  if (share > 0 && share < 0.0005) return "<0.1%";
  return share == 0 || share == 1 ? printed("%.0f%%", share * 100) : printed("%.1f%%", share * 100);
}

struct Layout {
  std::vector<int> columns;  // the outputs shown
  std::vector<std::string> row_names, column_names;
  double cell = 0;
  TextStyle name_style;
  bool turned = false;  // column names
  Box grid = {};
  double width = 0, height = 0;
};

double cell_size(std::size_t count) {
  return count <= 4 ? 116 : count <= 8 ? 84 : count <= 12 ? 66 : count <= 20 ? 52 : 46;
}

Layout lay_out(const ConfusionMatrix& matrix) {
  Layout layout;
  for (int output = 0; output < matrix.outputs(); ++output) {
    bool shown = output < matrix.classes();
    for (int label = 0; label < matrix.classes(); ++label) shown = shown || matrix.count(label, output) > 0;
    if (shown) layout.columns.push_back(output);
  }
  layout.cell = cell_size(layout.columns.size());
  layout.name_style = {.size = layout.cell > 60 ? 13.0 : 11.5};
  measure_text([&](Canvas& canvas) {
    double widest_row = 0, widest_column = 0;
    for (int label = 0; label < matrix.classes(); ++label) {
      const std::string name = canvas.shortened(matrix.class_names()[label], layout.name_style, kLongestName);
      layout.row_names.push_back(name + "  (" + std::to_string(matrix.support(label)) + ")");
      widest_row = std::max(widest_row, canvas.text_width(layout.row_names.back(), layout.name_style));
    }
    for (const int output : layout.columns) {
      layout.column_names.push_back(
          canvas.shortened(matrix.output_name(output), layout.name_style, kLongestName));
      widest_column =
          std::max(widest_column, canvas.text_width(layout.column_names.back(), layout.name_style));
    }
    layout.turned = widest_column > layout.cell - 8;
    const double slant = layout.turned ? widest_column * std::numbers::sqrt2 / 2 + 8 : 10;
    layout.grid = {kEdge + kAxisTitle + widest_row, kTitleHeight,
                   layout.cell * static_cast<double>(layout.columns.size()), layout.cell * matrix.classes()};
    layout.grid.x += 10;
    // A turned first name reaches to the left, below the row names.
    if (layout.turned) layout.grid.x = std::max(layout.grid.x, kEdge + kAxisTitle + slant - layout.cell / 2);
    layout.height = layout.grid.bottom() + slant + 14 + kAxisTitle + kEdge / 2;
    layout.width = layout.grid.right() + 28 + kScaleWidth + 52 + kEdge / 2;
  });
  // Room for the title over a single cell.
  layout.width = std::max(layout.width, 460.0);
  return layout;
}

void draw_cells(Canvas& canvas, const Layout& layout, const ConfusionMatrix& matrix) {
  const double cell = layout.cell, size = cell > 100 ? 19 : cell > 70 ? 15 : cell > 55 ? 13 : 11;
  for (int label = 0; label < matrix.classes(); ++label) {
    for (std::size_t column = 0; column < layout.columns.size(); ++column) {
      const int output = layout.columns[column];
      const double share = matrix.row_share(label, output);
      const Color background = std::isnan(share) ? Color{0.95, 0.95, 0.95} : scale_color(share);
      const Box area{layout.grid.x + static_cast<double>(column) * cell, layout.grid.y + label * cell, cell,
                     cell};
      canvas.fill(area, background);
      const bool right = label == output;
      const Color ink = luminance(background) < 0.55       ? kWhite
                        : matrix.count(label, output) == 0 ? kMuted
                                                           : kInk;
      const Point middle{area.x + cell / 2, area.y + cell / 2};
      const std::string count = std::to_string(matrix.count(label, output)), shown_share = percent(share);
      const TextStyle count_style{.size = size, .color = ink, .anchor = Anchor::middle, .bold = right};
      const TextStyle share_style{.size = std::max(size * 0.72, 8.5), .color = ink, .anchor = Anchor::middle};
      canvas.text({middle.x, middle.y - size * 0.5}, count, canvas.fitted(count, count_style, cell - 6));
      canvas.text({middle.x, middle.y + size * 0.72}, shown_share,
                  canvas.fitted(shown_share, share_style, cell - 6));
    }
  }
  for (std::size_t i = 1; i < layout.columns.size(); ++i) {
    const double x = layout.grid.x + static_cast<double>(i) * cell;
    canvas.line({x, layout.grid.y}, {x, layout.grid.bottom()}, kWhite, 1.5);
  }
  for (int i = 1; i < matrix.classes(); ++i) {
    const double y = layout.grid.y + i * cell;
    canvas.line({layout.grid.x, y}, {layout.grid.right(), y}, kWhite, 1.5);
  }
  canvas.outline(layout.grid, kMuted);
}

void draw_names(Canvas& canvas, const Layout& layout) {
  TextStyle style = layout.name_style;
  style.anchor = Anchor::end;
  for (std::size_t i = 0; i < layout.row_names.size(); ++i)
    canvas.text({layout.grid.x - 10, layout.grid.y + (static_cast<double>(i) + 0.5) * layout.cell},
                layout.row_names[i], style);
  style.anchor = layout.turned ? Anchor::end : Anchor::middle;
  style.degrees = layout.turned ? -45 : 0;
  const double y = layout.grid.bottom() + (layout.turned ? 12 : 16);
  for (std::size_t i = 0; i < layout.column_names.size(); ++i) {
    const double x = layout.grid.x + (static_cast<double>(i) + 0.5) * layout.cell;
    canvas.text({layout.turned ? x + 3 : x, y}, layout.column_names[i], style);
  }
  const TextStyle axis{.size = 13, .anchor = Anchor::middle, .bold = true};
  canvas.text({layout.grid.x + layout.grid.width / 2, layout.height - kEdge / 2 - 12}, "Prediction", axis);
  TextStyle upright = axis;
  upright.degrees = -90;
  canvas.text({kEdge, layout.grid.y + layout.grid.height / 2}, "Label", upright);
}

void draw_scale(Canvas& canvas, const Layout& layout) {
  const Box bar{layout.grid.right() + 28, layout.grid.y, kScaleWidth, layout.grid.height};
  constexpr int kSteps = 100;
  const double step = bar.height / kSteps;
  for (int i = 0; i < kSteps; ++i)
    // Half a point more than its share, against seams between the steps.
    canvas.fill({bar.x, bar.y + i * step, bar.width, std::min(step + 0.5, bar.bottom() - bar.y - i * step)},
                scale_color(1 - (i + 0.5) / kSteps));
  canvas.outline(bar, kMuted);
  for (const int tick : {0, 25, 50, 75, 100}) {
    const double y = bar.bottom() - bar.height * tick / 100;
    canvas.line({bar.right(), y}, {bar.right() + 4, y}, kMuted);
    canvas.text({bar.right() + 8, y}, std::to_string(tick) + "%", {.size = 11, .color = kMuted});
  }
}

}  // namespace

Plot confusion_plot(const std::string& title, const ConfusionMatrix& matrix) {
  const Layout layout = lay_out(matrix);
  std::string summary = "accuracy ";
  summary += std::isnan(matrix.accuracy()) ? "-" : printed("%.2f %%", matrix.accuracy());
  summary.append(",   macro F1 ");
  summary += std::isnan(matrix.macro_f1()) ? "-" : printed("%.4f", matrix.macro_f1());
  summary.append(",   ").append(std::to_string(matrix.total())).append(" images");
  return make_plot(layout.width, layout.height, [&](Canvas& canvas) {
    const double room = layout.width - 2 * kEdge;
    canvas.text({kEdge, 32}, title, canvas.fitted(title, {.size = 17, .bold = true}, room));
    canvas.text({kEdge, 58}, summary, canvas.fitted(summary, {.size = 12.5, .color = kMuted}, room));
    draw_cells(canvas, layout, matrix);
    draw_names(canvas, layout);
    draw_scale(canvas, layout);
  });
}

void plot_confusion(const std::filesystem::path& stem, const std::string& title,
                    const ConfusionMatrix& matrix) {
  write_plot(stem, confusion_plot(title, matrix));
}

}  // namespace poster::io
