#include "io/plot/canvas.h"

#include <cairo-svg.h>
#include <cairo.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <numbers>

#include "io/format/atomic_file.h"
#include "io/format/printable.h"
#include "io/plot/font.h"
#include "io/plot/plot_error.h"

namespace poster::io {
namespace {

constexpr double kPixelsPerPoint = 2;
// The first one that has every letter of a text is used, plot_font before these; fontconfig puts another in
// the place of one that isn't installed.
constexpr const char* kFonts[] = {"DejaVu Sans", "Noto Sans CJK KR", "NanumGothic", "Noto Sans KR",
                                  "UnDotum"};

using Surface = std::unique_ptr<cairo_surface_t, decltype(&cairo_surface_destroy)>;
using Context = std::unique_ptr<cairo_t, decltype(&cairo_destroy)>;

Surface own(cairo_surface_t* surface) { return {surface, cairo_surface_destroy}; }

// No exception may pass through Cairo, which holds locks.
cairo_status_t append(void* closure, const unsigned char* data, unsigned int size) noexcept try {
  static_cast<std::string*>(closure)->append(reinterpret_cast<const char*>(data), size);
  return CAIRO_STATUS_SUCCESS;
} catch (const std::exception&) {
  return CAIRO_STATUS_NO_MEMORY;
}

void check(cairo_status_t status) {
  check_cairo(status, "a plot", "check that fonts are installed, such as the package fonts-dejavu-core");
}

void draw_on(cairo_surface_t* surface, double scale, const std::function<void(Canvas&)>& draw) {
  const Context context(cairo_create(surface), cairo_destroy);
  cairo_scale(context.get(), scale, scale);
  Canvas canvas(context.get());
  draw(canvas);
  check(cairo_status(context.get()));
}

// Cairo numbers surfaces through a process; a plot doesn't depend on what was drawn before it.
void drop_surface_number(std::string& svg) {
  constexpr std::string_view kId = "id=\"surface";
  const std::size_t at = svg.find(kId);
  if (at == std::string::npos) return;
  const std::size_t digits = at + kId.size();
  svg.erase(digits, svg.find('"', digits) - digits);
}

bool has_every_letter(cairo_t* context, const std::string& utf8) {
  cairo_scaled_font_t* font = cairo_get_scaled_font(context);  // the context keeps it
  cairo_glyph_t* glyphs = nullptr;
  int count = 0;
  const auto status = cairo_scaled_font_text_to_glyphs(font, 0, 0, utf8.data(), static_cast<int>(utf8.size()),
                                                       &glyphs, &count, nullptr, nullptr, nullptr);
  const bool found =
      status == CAIRO_STATUS_SUCCESS &&
      std::all_of(glyphs, glyphs + count, [](const cairo_glyph_t& glyph) { return glyph.index != 0; });
  cairo_glyph_free(glyphs);
  if (status == CAIRO_STATUS_NO_MEMORY) check(status);  // the letters may be there all the same
  return found;
}

}  // namespace

Color mix(const Color& from, const Color& to, double share) {
  const auto between = [share](double a, double b) { return a + (b - a) * share; };
  return {between(from.red, to.red), between(from.green, to.green), between(from.blue, to.blue),
          between(from.alpha, to.alpha)};
}

double luminance(const Color& color) {
  return 0.2126 * color.red + 0.7152 * color.green + 0.0722 * color.blue;
}

void Canvas::set_color(const Color& color) {
  cairo_set_source_rgba(context_, color.red, color.green, color.blue, color.alpha);
}

void Canvas::fill(const Box& area, const Color& color) {
  set_color(color);
  cairo_rectangle(context_, area.x, area.y, area.width, area.height);
  cairo_fill(context_);
}

void Canvas::outline(const Box& area, const Color& color, double line_width) {
  set_color(color);
  cairo_set_line_width(context_, line_width);
  cairo_rectangle(context_, area.x, area.y, area.width, area.height);
  cairo_stroke(context_);
}

void Canvas::line(Point from, Point to, const Color& color, double line_width) {
  const Point points[] = {from, to};
  polyline(points, color, line_width);
}

void Canvas::polyline(std::span<const Point> points, const Color& color, double line_width,
                      std::span<const double> dashes) {
  if (points.size() < 2) return;
  set_color(color);
  cairo_set_dash(context_, dashes.data(), static_cast<int>(dashes.size()), 0);
  cairo_set_line_width(context_, line_width);
  cairo_set_line_join(context_, CAIRO_LINE_JOIN_ROUND);
  cairo_move_to(context_, points[0].x, points[0].y);
  for (const Point& point : points.subspan(1)) cairo_line_to(context_, point.x, point.y);
  cairo_stroke(context_);
  cairo_set_dash(context_, nullptr, 0, 0);
}

void Canvas::dot(Point center, double radius, const Color& color) {
  set_color(color);
  cairo_arc(context_, center.x, center.y, radius, 0, 2 * std::numbers::pi);
  cairo_fill(context_);
}

void Canvas::ring(Point center, double radius, const Color& color, double line_width) {
  dot(center, radius, kWhite);
  set_color(color);
  cairo_set_line_width(context_, line_width);
  cairo_arc(context_, center.x, center.y, radius, 0, 2 * std::numbers::pi);
  cairo_stroke(context_);
}

void Canvas::set_font(const std::string& utf8, const TextStyle& style) {
  cairo_set_font_size(context_, style.size);
  // Without hinting, widths are the same in both formats and at every size.
  cairo_font_options_t* options = cairo_font_options_create();
  cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
  cairo_set_font_options(context_, options);
  cairo_font_options_destroy(options);
  const auto select = [&](const char* family) {
    cairo_select_font_face(context_, family, CAIRO_FONT_SLANT_NORMAL,
                           style.bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  };
  if (cairo_font_face_t* font = plot_font(style.bold)) {
    cairo_set_font_face(context_, font);
    if (has_every_letter(context_, utf8)) return;
  }
  for (const char* family : kFonts) {
    select(family);
    if (has_every_letter(context_, utf8)) return;
  }
  select(kFonts[0]);
}

void Canvas::text(Point at, const std::string& utf8, const TextStyle& style) {
  const std::string shown = printable(utf8);
  set_font(shown, style);
  set_color(style.color);
  cairo_text_extents_t extents;
  cairo_text_extents(context_, shown.c_str(), &extents);
  const double shift = style.anchor == Anchor::start ? 0 : style.anchor == Anchor::middle ? 0.5 : 1;
  // Half the height of a capital letter, so that texts beside each other share a base line.
  const double half_capital = 0.36 * style.size;
  cairo_save(context_);
  cairo_translate(context_, at.x, at.y);
  cairo_rotate(context_, style.degrees * std::numbers::pi / 180);
  cairo_move_to(context_, -shift * extents.x_advance, half_capital);
  cairo_show_text(context_, shown.c_str());
  cairo_restore(context_);
  cairo_new_path(context_);
}

double Canvas::text_width(const std::string& utf8, const TextStyle& style) {
  const std::string shown = printable(utf8);
  set_font(shown, style);
  cairo_text_extents_t extents;
  cairo_text_extents(context_, shown.c_str(), &extents);
  return extents.x_advance;
}

std::string Canvas::shortened(const std::string& utf8, const TextStyle& style, double width) {
  std::string text = printable(utf8);
  if (text.empty() || text_width(text, style) <= width) return text;
  std::vector<std::string> letters;
  for (std::size_t i = 0; i < text.size(); i += letters.back().size())
    letters.push_back(text.substr(i, utf8_sequence(std::string_view(text).substr(i))));
  // The middle goes: names that are alike often differ at their ends.
  std::string result;
  for (std::size_t kept = letters.size() - 1;; --kept) {
    result.clear();
    for (std::size_t i = 0; i < (kept + 1) / 2; ++i) result += letters[i];
    result += "...";
    for (std::size_t i = letters.size() - kept / 2; i < letters.size(); ++i) result += letters[i];
    if (kept == 0 || text_width(result, style) <= width) return result;
  }
}

TextStyle Canvas::fitted(const std::string& utf8, TextStyle style, double width) {
  const double needed = text_width(utf8, style);
  if (needed > width) style.size *= width / needed;
  return style;
}

std::vector<double> nice_ticks(double low, double high, int wanted, bool whole_numbers) {
  const double span = std::max(high - low, 1e-12);
  double unit = std::pow(10.0, std::floor(std::log10(span / wanted)));
  double step = 10 * unit;
  for (const double factor : {1.0, 2.0, 2.5, 5.0}) {
    if (span / (factor * unit) <= wanted) {
      step = factor * unit;
      break;
    }
  }
  if (whole_numbers) step = step < 1 ? 1 : step == 2.5 ? 5 : step;
  const double tolerance = 1e-9 * span;
  std::vector<double> ticks;
  for (double i = std::ceil((low - tolerance) / step); i * step <= high + tolerance; ++i)
    ticks.push_back(i * step);
  return ticks;
}

std::string tick_label(double value, double step) {
  int decimals = 0;
  for (double shown = step; decimals < 8 && std::abs(shown - std::round(shown)) > 1e-6 * shown; shown *= 10)
    ++decimals;
  char text[64];
  if (std::abs(value) >= 1e6)
    std::snprintf(text, sizeof text, "%.3g", value);
  else
    std::snprintf(text, sizeof text, "%.*f", decimals, value == 0 ? 0.0 : value);
  return text;
}

Plot make_plot(double width, double height, const std::function<void(Canvas&)>& draw) {
  // Whole points, or the last column of pixels would be half covered.
  Plot plot{.width = std::ceil(width), .height = std::ceil(height)};
  const auto with_background = [&](Canvas& canvas) {
    canvas.fill({0, 0, plot.width, plot.height}, kWhite);
    draw(canvas);
  };
  const Surface image =
      own(cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(plot.width * kPixelsPerPoint),
                                     static_cast<int>(plot.height * kPixelsPerPoint)));
  draw_on(image.get(), kPixelsPerPoint, with_background);
  check(cairo_surface_write_to_png_stream(image.get(), append, &plot.png));
  const Surface vector = own(cairo_svg_surface_create_for_stream(append, &plot.svg, plot.width, plot.height));
  draw_on(vector.get(), 1, with_background);
  cairo_surface_finish(vector.get());
  check(cairo_surface_status(vector.get()));
  drop_surface_number(plot.svg);
  return plot;
}

void write_plot(const std::filesystem::path& stem, const Plot& plot) {
  std::filesystem::path png_path = stem, svg_path = stem;
  png_path += ".png";
  svg_path += ".svg";
  write_file_atomically(png_path, plot.png);
  write_file_atomically(svg_path, plot.svg);
}

void measure_text(const std::function<void(Canvas&)>& measure) {
  const Surface image = own(cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1));
  draw_on(image.get(), 1, measure);
}

}  // namespace poster::io
