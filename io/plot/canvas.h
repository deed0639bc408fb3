// A small drawing surface over Cairo, and its output as PNG and SVG. Units are points; y grows downwards.
//
// Text is set in DejaVu Sans (io/plot/font.h), or in what fontconfig gives instead; the Debian packages
// fonts-dejavu-core and, for Korean names, fonts-nanum or fonts-noto-cjk bring fitting ones.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "io/image/point.h"
#include "io/plot/plot.h"

typedef struct _cairo cairo_t;

namespace poster::io {

struct Color {
  double red, green, blue, alpha = 1;
};
// Share 0: `from`, share 1: `to`.
Color mix(const Color& from, const Color& to, double share);
// Perceived brightness, 0..1 (ITU-R BT.709 weights).
double luminance(const Color& color);

constexpr Color kWhite{1, 1, 1}, kInk{0.13, 0.16, 0.20}, kMuted{0.40, 0.44, 0.50}, kGrid{0.89, 0.91, 0.93};

struct Box {
  double x, y, width, height;
  double right() const { return x + width; }
  double bottom() const { return y + height; }
};

enum class Anchor { start, middle, end };
struct TextStyle {
  double size = 12;
  Color color = kInk;
  Anchor anchor = Anchor::start;  // which part of the text lies at the point
  bool bold = false;
  double degrees = 0;  // turned clockwise about the point
};

class Canvas {
 public:
  explicit Canvas(cairo_t* context) : context_(context) {}

  void fill(const Box& area, const Color& color);
  void outline(const Box& area, const Color& color, double line_width = 1);
  void line(Point from, Point to, const Color& color, double line_width = 1);
  // `dashes`: lengths of strokes and gaps in turn; empty: no gaps.
  void polyline(std::span<const Point> points, const Color& color, double line_width,
                std::span<const double> dashes = {});
  void dot(Point center, double radius, const Color& color);
  void ring(Point center, double radius, const Color& color, double line_width);
  // The text's middle height lies at y.
  void text(Point at, const std::string& utf8, const TextStyle& style);
  double text_width(const std::string& utf8, const TextStyle& style);
  // The text, with dots in the place of its middle where it is wider than `width`.
  std::string shortened(const std::string& utf8, const TextStyle& style, double width);
  // The style, in a smaller size where the text is wider than `width`.
  TextStyle fitted(const std::string& utf8, TextStyle style, double width);

 private:
  void set_color(const Color& color);
  void set_font(const std::string& utf8, const TextStyle& style);

  cairo_t* context_;
};

// Positions for the ticks of an axis over [low, high]: multiples of 1, 2, 2.5 or 5 times a power of ten,
// about `wanted` of them, none outside; whole numbers alone when asked for.
std::vector<double> nice_ticks(double low, double high, int wanted, bool whole_numbers = false);
// "0.25", "12.5", "80": with the decimals that tell ticks `step` apart.
std::string tick_label(double value, double step);

// Runs `draw` twice, on a white ground. The same drawing gives the same bytes.
Plot make_plot(double width, double height, const std::function<void(Canvas&)>& draw);
// Size in points and drawing may depend on text widths: measure first.
void measure_text(const std::function<void(Canvas&)>& measure);

}  // namespace poster::io
