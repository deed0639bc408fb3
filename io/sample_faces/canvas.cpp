#include "io/sample_faces/canvas.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace poster::faces {
namespace {

double face_depth(Point p) {
  const double x = p.x / 0.82, y = p.y / 1.2;
  return 0.75 * std::sqrt(std::max(0.0, 1 - x * x - y * y));
}

}  // namespace

Point lerp(Point from, Point to, double amount) {
  return {from.x + (to.x - from.x) * amount, from.y + (to.y - from.y) * amount};
}

FaceCanvas::FaceCanvas(cairo_t* cairo, const FacePose& pose, int size, double top)
    : cairo_(cairo), pose_(pose) {
  cairo_save(cairo_);
  cairo_translate(cairo_, pose.x * size, pose.y * size - top);
  cairo_rotate(cairo_, pose.roll);
  cairo_scale(cairo_, pose.scale * size, pose.scale * size);
  cairo_set_line_cap(cairo_, CAIRO_LINE_CAP_ROUND);
  cairo_set_line_join(cairo_, CAIRO_LINE_JOIN_ROUND);
}

FaceCanvas::~FaceCanvas() { cairo_restore(cairo_); }

Point FaceCanvas::turned(Point point, Depth depth) const {
  const double z = depth.on_face ? face_depth(point) + depth.z : depth.z;
  return {point.x * std::cos(pose_.yaw) + z * std::sin(pose_.yaw),
          point.y * std::cos(pose_.pitch) + z * std::sin(pose_.pitch)};
}

void FaceCanvas::polygon(std::span<const Point> points, Depth depth) {
  cairo_new_sub_path(cairo_);
  for (Point point : points) {
    const Point p = turned(point, depth);
    cairo_line_to(cairo_, p.x, p.y);
  }
  cairo_close_path(cairo_);
}

void FaceCanvas::smooth(std::span<const Point> points, bool closed, Depth depth) {
  const int n = static_cast<int>(points.size());
  std::vector<Point> p(points.size());
  for (int i = 0; i < n; ++i) p[i] = turned(points[i], depth);
  const auto at = [&](int i) { return closed ? p[(i + n) % n] : p[std::clamp(i, 0, n - 1)]; };
  cairo_move_to(cairo_, p[0].x, p[0].y);
  for (int i = 0; i < (closed ? n : n - 1); ++i) {
    const Point before = at(i - 1), from = at(i), to = at(i + 1), after = at(i + 2);
    cairo_curve_to(cairo_, from.x + (to.x - before.x) / 6, from.y + (to.y - before.y) / 6,
                   to.x - (after.x - from.x) / 6, to.y - (after.y - from.y) / 6, to.x, to.y);
  }
  if (closed) cairo_close_path(cairo_);
}

void FaceCanvas::ellipse(Point centre, double rx, double ry, double angle, Depth depth) {
  const Point p = turned(centre, depth);
  cairo_save(cairo_);
  cairo_translate(cairo_, p.x, p.y);
  cairo_rotate(cairo_, angle);
  cairo_scale(cairo_, rx, ry);
  cairo_new_sub_path(cairo_);
  cairo_arc(cairo_, 0, 0, 1, 0, 2 * std::numbers::pi);
  cairo_close_path(cairo_);
  cairo_restore(cairo_);
}

void FaceCanvas::fill(Colour colour, double alpha) {
  cairo_set_source_rgba(cairo_, colour.r, colour.g, colour.b, alpha);
  cairo_fill(cairo_);
}

void FaceCanvas::stroke(Colour colour, double width, double alpha) {
  cairo_set_source_rgba(cairo_, colour.r, colour.g, colour.b, alpha);
  cairo_set_line_width(cairo_, width);
  cairo_stroke(cairo_);
}

void FaceCanvas::clip() {
  cairo_save(cairo_);
  cairo_clip(cairo_);
}

void FaceCanvas::unclip() { cairo_restore(cairo_); }

void FaceCanvas::fill_lit(Colour colour, Point centre, double radius) {
  // The light keeps its direction in the image while the head rolls.
  const double angle = pose_.light_angle - pose_.roll;
  const double dx = radius * std::cos(angle), dy = radius * std::sin(angle);
  cairo_pattern_t* gradient =
      cairo_pattern_create_linear(centre.x + dx, centre.y + dy, centre.x - dx, centre.y - dy);
  const Colour lit = mix(colour, {1, 1, 1}, 0.25 * pose_.light_strength);
  const Colour dark = scaled(colour, 1 - 0.7 * pose_.light_strength);
  cairo_pattern_add_color_stop_rgb(gradient, 0, lit.r, lit.g, lit.b);
  cairo_pattern_add_color_stop_rgb(gradient, 0.45, colour.r, colour.g, colour.b);
  cairo_pattern_add_color_stop_rgb(gradient, 1, dark.r, dark.g, dark.b);
  cairo_set_source(cairo_, gradient);
  cairo_fill(cairo_);
  cairo_pattern_destroy(gradient);
}

void FaceCanvas::spot(Point centre, double rx, double ry, Colour colour, double alpha, Depth depth) {
  if (alpha <= 0) return;
  const Point p = turned(centre, depth);
  cairo_save(cairo_);
  cairo_translate(cairo_, p.x, p.y);
  cairo_scale(cairo_, rx, ry);
  cairo_pattern_t* gradient = cairo_pattern_create_radial(0, 0, 0, 0, 0, 1);
  cairo_pattern_add_color_stop_rgba(gradient, 0, colour.r, colour.g, colour.b, alpha);
  cairo_pattern_add_color_stop_rgba(gradient, 0.5, colour.r, colour.g, colour.b, alpha * 0.5);
  cairo_pattern_add_color_stop_rgba(gradient, 1, colour.r, colour.g, colour.b, 0);
  cairo_set_source(cairo_, gradient);
  cairo_arc(cairo_, 0, 0, 1, 0, 2 * std::numbers::pi);
  cairo_fill(cairo_);
  cairo_pattern_destroy(gradient);
  cairo_restore(cairo_);
}

}  // namespace poster::faces
