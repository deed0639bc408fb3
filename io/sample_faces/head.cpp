#include "io/sample_faces/head.h"

#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "io/sample_faces/features.h"

namespace poster::faces {
namespace {

// Half of the outline of a head, from the crown to the chin, on the right side.
std::array<Point, 9> half_outline(const FaceIdentity& face, double drop) {
  const double w = face.half_width;
  return {{{0, -1},
           {0.5 * w, -0.93},
           {0.87 * w, -0.66},
           {w, -0.25},
           {0.99 * w, 0.1},
           {0.93 * w * (0.6 + 0.4 * face.jaw), 0.36 + 0.2 * drop},
           {0.77 * w * face.jaw, 0.66 + 0.6 * drop},
           {0.36 * w * face.chin, 0.93 + drop},
           {0, 1 + drop}}};
}

std::vector<Point> head_outline(const FaceIdentity& face, double drop) {
  const auto half = half_outline(face, drop);
  std::vector<Point> outline(half.begin(), half.end());
  for (std::size_t i = half.size() - 2; i > 0; --i) outline.push_back({-half[i].x, half[i].y});
  return outline;
}

void fill_hair(FaceCanvas& canvas, const FaceIdentity& face) { canvas.fill_lit(face.hair, {0, -0.3}, 1.3); }

// A cap of hair over the skull, down to `sides` at the ears; `wide` is its overhang.
std::vector<Point> cap_outline(const FaceIdentity& face, double wide, double sides) {
  const double w = face.half_width + 0.03 + wide, top = -1.04 - wide;
  return {{0, top},
          {0.52 * w, top + 0.06},
          {0.9 * w, -0.7},
          {1.03 * w, -0.3},
          {0.99 * w, sides},
          {0.9 * w, sides - 0.02},
          {0.9 * face.half_width, -0.3},
          {0.72 * face.half_width, face.hairline + 0.09},
          {0.3 * face.half_width, face.hairline},
          {-0.3 * face.half_width, face.hairline},
          {-0.72 * face.half_width, face.hairline + 0.09},
          {-0.9 * face.half_width, -0.3},
          {-0.9 * w, sides - 0.02},
          {-0.99 * w, sides},
          {-1.03 * w, -0.3},
          {-0.9 * w, -0.7},
          {-0.52 * w, top + 0.06}};
}

void draw_curls(FaceCanvas& canvas, const FaceIdentity& face) {
  for (int i = 0; i < 17; ++i) {
    const double angle = std::numbers::pi * (1 + i / 16.0);
    const double x = (face.half_width + 0.02) * std::cos(angle), y = -0.28 + 0.76 * std::sin(angle);
    canvas.ellipse({x, y}, 0.17 * face.hair_volume, 0.16 * face.hair_volume, 0, at_depth(0));
    fill_hair(canvas, face);
  }
}

}  // namespace

void draw_back(FaceCanvas& canvas, const FaceIdentity& face) {
  const Depth far = at_depth(-0.25), neck = at_depth(-0.1);
  const double w = face.half_width;
  const Colour shadow_skin = scaled(face.skin, 0.78);
  if (face.hair_style == HairStyle::long_straight) {
    const double v = 0.1 + 0.1 * face.hair_volume;
    const std::array hair = {Point{0, -1.12},          Point{w, -0.75},           Point{w + v, 0},
                             Point{w + v + 0.05, 0.8}, Point{w + v, 1.35},        Point{0, 1.2},
                             Point{-w - v, 1.35},      Point{-w - v - 0.05, 0.8}, Point{-w - v, 0},
                             Point{-w, -0.75}};
    canvas.smooth(hair, true, far);
    canvas.fill_lit(scaled(face.hair, 0.85), {0, 0}, 1.4);
  } else if (face.hair_style == HairStyle::bun) {
    canvas.ellipse({0, -1.12}, 0.27 * face.hair_volume, 0.22 * face.hair_volume, 0, far);
    fill_hair(canvas, face);
  } else if (face.hair_style == HairStyle::curly) {
    canvas.ellipse({0, -0.35}, w + 0.16 * face.hair_volume, 0.85, 0, far);
    canvas.fill_lit(scaled(face.hair, 0.85), {0, 0}, 1.3);
  }
  const std::array throat = {Point{-0.4, 0.55}, Point{0.4, 0.55}, Point{0.42, 1.25},
                             Point{0.7, 1.7},   Point{-0.7, 1.7}, Point{-0.42, 1.25}};
  canvas.smooth(throat, true, neck);
  canvas.fill_lit(shadow_skin, {0, 1}, 0.8);
  canvas.spot({0, 1.0}, 0.55, 0.32, scaled(face.skin, 0.35), 0.6, neck);
  const std::array shirt = {Point{-0.45, 1.22}, Point{0, 1.5},     Point{0.45, 1.22},
                            Point{1.1, 1.4},    Point{1.55, 1.8},  Point{1.7, 3},
                            Point{-1.7, 3},     Point{-1.55, 1.8}, Point{-1.1, 1.4}};
  canvas.smooth(shirt, true, neck);
  canvas.fill_lit(face.shirt, {0, 1.8}, 1.5);
}

void draw_head(FaceCanvas& canvas, const FaceIdentity& face, double drop) {
  const double w = face.half_width;
  if (face.hair_style != HairStyle::headscarf) {
    for (double s : {-1.0, 1.0}) {
      canvas.ellipse({s * w * 1.01, 0.12}, 0.1 * face.ears, 0.2 * face.ears, -s * 0.15, at_depth(-0.08));
      canvas.fill_lit(scaled(face.skin, 0.94), {0, 0}, 1);
      canvas.ellipse({s * w * 1.03, 0.11}, 0.05 * face.ears, 0.12 * face.ears, -s * 0.15, at_depth(-0.08));
      canvas.fill(scaled(face.skin, 0.6), 0.5);
    }
  }
  const auto outline = head_outline(face, drop);
  canvas.smooth(outline, true, at_depth(0));
  canvas.clip();
  canvas.polygon(std::array{Point{-2, -2}, Point{2, -2}, Point{2, 2}, Point{-2, 2}}, at_depth(0));
  canvas.fill_lit(face.skin, {0, 0}, 0.95);
  // Cheeks and temples turn away from the eye.
  for (double s : {-1.0, 1.0})
    canvas.spot({s * (w + 0.08), 0.25}, 0.34, 1.1, scaled(face.skin, 0.5), 0.4, at_depth(0));
  canvas.spot({0, -0.42}, 0.4, 0.28, mix(face.skin, {1, 1, 1}, 0.4), 0.3);
  canvas.spot({0, 0.87 + drop}, 0.17, 0.1, mix(face.skin, {1, 1, 1}, 0.35), 0.3, at_depth(0.35));
  canvas.unclip();
}

void draw_beard(FaceCanvas& canvas, const FaceIdentity& face, double drop) {
  if (face.beard == Beard::none) return;
  const double alpha = face.beard == Beard::stubble ? 0.32 : 0.92;
  const double m = face.mouth_height;
  if (face.beard != Beard::moustache) {
    const double w = face.half_width * (face.beard == Beard::full ? 1.03 : 1.0);
    const double low = face.beard == Beard::full ? 0.07 : 0;
    std::vector<Point> area;
    for (double s : {1.0, -1.0}) {
      const std::vector<Point> half = {{s * 0.97 * w, 0.14},
                                       {s * 0.94 * w * (0.6 + 0.4 * face.jaw), 0.38 + 0.2 * drop},
                                       {s * 0.79 * w * face.jaw, 0.68 + 0.6 * drop + low},
                                       {s * 0.38 * w * face.chin, 0.95 + drop + low}};
      if (s > 0)
        area.insert(area.end(), half.begin(), half.end());
      else
        area.insert(area.end(), half.rbegin(), half.rend());
    }
    const std::array top = {Point{-0.86 * w, 0.3}, Point{-0.62 * w, 0.55}, Point{-0.33, m - 0.04},
                            Point{-0.1, m - 0.13}, Point{0.1, m - 0.13},   Point{0.33, m - 0.04},
                            Point{0.62 * w, 0.55}, Point{0.86 * w, 0.3}};
    area.insert(area.end(), top.begin(), top.end());
    canvas.smooth(area, true, at_depth(0.12));
  } else {
    const std::array lip = {Point{0, m - 0.14},      Point{0.16, m - 0.1}, Point{0.29, m - 0.035},
                            Point{0.2, m - 0.045},   Point{0, m - 0.05},   Point{-0.2, m - 0.045},
                            Point{-0.29, m - 0.035}, Point{-0.16, m - 0.1}};
    canvas.smooth(lip, true);
  }
  canvas.fill(face.brow, alpha);
}

void draw_front_hair(FaceCanvas& canvas, const FaceIdentity& face) {
  const Depth near = at_depth(0.05);
  const double w = face.half_width, v = 0.06 * face.hair_volume;
  switch (face.hair_style) {
    case HairStyle::shaved:
      canvas.smooth(cap_outline(face, -0.02, -0.12), true, near);
      canvas.fill(face.brow, 0.35);
      break;
    case HairStyle::cropped:
    case HairStyle::bun:
      canvas.smooth(cap_outline(face, v * (face.hair_style == HairStyle::bun ? 0.3 : 1), -0.05), true, near);
      fill_hair(canvas, face);
      break;
    case HairStyle::side_part:
    case HairStyle::long_straight: {
      const double s = face.parting;
      const bool is_long = face.hair_style == HairStyle::long_straight;
      const double sides = is_long ? 1.2 : 0,
                   out = is_long ? w + 0.12 + 0.1 * face.hair_volume : 1.03 * w + v;
      const std::array hair = {Point{s * 0.25 * w, -1.06 - v},
                               Point{-s * 0.5 * w, -1.02 - v},
                               Point{-s * 0.98 * w, -0.72},
                               Point{-s * (1.06 * w + v), -0.25},
                               Point{-s * out, sides},
                               Point{-s * 0.93 * w, sides - 0.02},
                               Point{-s * 0.92 * w, -0.25},
                               Point{-s * 0.7 * w, -0.5},
                               Point{-s * 0.1 * w, -0.66},
                               Point{s * 0.4 * w, -0.82},
                               Point{s * 0.78 * w, -0.55},
                               Point{s * 0.92 * w, -0.25},
                               Point{s * 0.93 * w, sides - 0.02},
                               Point{s * out, sides},
                               Point{s * (1.06 * w + v), -0.25},
                               Point{s * 0.95 * w, -0.75}};
      canvas.smooth(hair, true, near);
      fill_hair(canvas, face);
      const std::array strand = {Point{s * 0.4 * w, -0.84}, Point{-s * 0.2 * w, -0.8},
                                 Point{-s * 0.75 * w, -0.55}};
      canvas.smooth(strand, false, near);
      canvas.stroke(mix(face.hair, {1, 1, 1}, 0.3), 0.02, 0.35);
      break;
    }
    case HairStyle::curly:
      canvas.smooth(cap_outline(face, 0.02, -0.1), true, near);
      fill_hair(canvas, face);
      draw_curls(canvas, face);
      break;
    case HairStyle::headscarf: {
      // A ring of cloth: the outside of the head minus the opening for the face.
      const std::array around = {Point{0, -1.14},        Point{0.9 * w, -0.85}, Point{w + 0.14, -0.2},
                                 Point{w + 0.12, 0.5},   Point{0.75, 1.1},      Point{1.0, 1.6},
                                 Point{-1.0, 1.6},       Point{-0.75, 1.1},     Point{-w - 0.12, 0.5},
                                 Point{-w - 0.14, -0.2}, Point{-0.9 * w, -0.85}};
      const std::array opening = {Point{0, -0.64},        Point{-0.72 * w, -0.5}, Point{-0.93 * w, -0.05},
                                  Point{-0.88 * w, 0.42}, Point{-0.6 * w, 0.86},  Point{0, 1.2},
                                  Point{0.6 * w, 0.86},   Point{0.88 * w, 0.42},  Point{0.93 * w, -0.05},
                                  Point{0.72 * w, -0.5}};
      cairo_set_fill_rule(canvas.cairo(), CAIRO_FILL_RULE_EVEN_ODD);
      canvas.smooth(around, true, near);
      canvas.smooth(opening, true, near);
      canvas.fill_lit(face.cloth, {0, 0.2}, 1.3);
      cairo_set_fill_rule(canvas.cairo(), CAIRO_FILL_RULE_WINDING);
      break;
    }
  }
}

void draw_glasses(FaceCanvas& canvas, const FaceIdentity& face) {
  if (face.glasses == Glasses::none) return;
  const double r = eye_half_width(face) + 0.065, d = face.eye_distance;
  const Depth before{true, 0.06};
  for (double s : {-1.0, 1.0}) {
    if (face.glasses == Glasses::round) {
      canvas.ellipse({s * d, 0.03}, r, r * 0.82, 0, before);
    } else {
      const std::array lens = {Point{s * d - r, -0.13}, Point{s * d + r, -0.13}, Point{s * d + 0.9 * r, 0.19},
                               Point{s * d - 0.9 * r, 0.19}};
      canvas.polygon(lens, before);
    }
    cairo_set_source_rgba(canvas.cairo(), 1, 1, 1, 0.07);
    cairo_fill_preserve(canvas.cairo());
    canvas.stroke(face.frame, 0.024, 0.95);
    const Point hinge = canvas.turned({s * (d + r), -0.03}, before);
    const Point ear = canvas.turned({s * face.half_width, -0.02}, at_depth(-0.05));
    cairo_move_to(canvas.cairo(), hinge.x, hinge.y);
    cairo_line_to(canvas.cairo(), ear.x, ear.y);
    canvas.stroke(face.frame, 0.024, 0.95);
  }
  const std::array bridge = {Point{-d + r, 0.0}, Point{0, -0.03}, Point{d - r, 0.0}};
  canvas.smooth(bridge, false, before);
  canvas.stroke(face.frame, 0.024, 0.95);
}

}  // namespace poster::faces
