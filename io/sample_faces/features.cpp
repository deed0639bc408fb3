#include "io/sample_faces/features.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace poster::faces {
namespace {

constexpr Colour kWhiteOfEye{0.95, 0.94, 0.92};

double side_sign(int side) { return side == 0 ? -1 : 1; }
double beyond(double value, double threshold) { return std::max(0.0, value - threshold); }

// One stroke through a few points, as folds are.
template <std::size_t n>
void fold(FaceCanvas& canvas, const std::array<Point, n>& points, Colour colour, double width, double alpha) {
  if (alpha <= 0.02) return;
  canvas.smooth(points, false);
  canvas.stroke(colour, width, std::min(alpha, 1.0));
}

void draw_eye(FaceCanvas& canvas, const FaceIdentity& face, const ActionUnits& units, int side) {
  const double s = side_sign(side), w = eye_half_width(face);
  const double lift = units.upper_lid_raiser[side], tight = units.lid_tightener[side];
  const double cheek = units.cheek_raiser[side], wrinkle = units.nose_wrinkler[side];
  const double lowered = units.brow_lowerer[side] * (1 - units.inner_brow_raiser[side]);
  const double sad = units.inner_brow_raiser[side] * (1 - lift) * (1 - units.outer_brow_raiser[side]);
  const double upper =
      w * face.eye_roundness *
      (0.56 + 0.36 * lift - 0.3 * tight - 0.12 * lowered - 0.2 * wrinkle - 0.1 * cheek - 0.18 * sad);
  const double lower =
      w * face.eye_roundness * (0.38 + 0.06 * lift - 0.2 * tight - 0.3 * cheek - 0.18 * wrinkle);
  const double cx = s * face.eye_distance, tilt = face.eye_tilt - 0.03 * sad;
  const Point inner{cx - s * w, 0.012}, outer{cx + s * w, -tilt};
  // A strained lower lid of a smile arches upwards in its middle.
  const std::array upper_lid = {inner, Point{cx - s * 0.5 * w, -0.82 * upper}, Point{cx, -upper},
                                Point{cx + s * 0.55 * w, -0.78 * upper - 0.5 * tilt}, outer};
  const std::array lower_lid = {outer, Point{cx + s * 0.5 * w, 0.85 * lower - 0.4 * tilt}, Point{cx, lower},
                                Point{cx - s * 0.5 * w, 0.75 * lower}, inner};
  std::array<Point, 8> opening;
  std::copy(upper_lid.begin(), upper_lid.end(), opening.begin());
  std::copy(lower_lid.begin() + 1, lower_lid.end() - 1, opening.begin() + 5);

  canvas.spot({cx, -0.06}, 1.5 * w, 0.17, scaled(face.skin, 0.55), 0.3);
  canvas.smooth(opening, true);
  canvas.clip();
  canvas.ellipse({cx, 0}, 1.3 * w, 1.3 * w);
  canvas.fill(kWhiteOfEye);
  const Point iris{cx + 0.25 * w * canvas.pose().gaze_x, 0.1 * w * canvas.pose().gaze_y - 0.06 * w};
  const double radius = 0.47 * w;
  canvas.ellipse(iris, radius, radius);
  canvas.fill(scaled(face.iris, 0.5));
  canvas.ellipse(iris, 0.84 * radius, 0.84 * radius);
  canvas.fill(face.iris);
  canvas.ellipse(iris, 0.45 * radius, 0.45 * radius);
  canvas.fill({0.03, 0.02, 0.02});
  canvas.ellipse({iris.x - 0.14 * w, iris.y - 0.15 * w}, 0.1 * w, 0.1 * w);
  canvas.fill({1, 1, 1}, 0.9);
  canvas.smooth(upper_lid, false);
  canvas.stroke({0.1, 0.06, 0.05}, 0.05, 0.3);  // the shadow of the lid
  canvas.unclip();

  canvas.smooth(upper_lid, false);
  canvas.stroke(scaled(face.brow, 0.5), 0.026, 0.95);
  canvas.smooth(lower_lid, false);
  canvas.stroke(scaled(face.skin, 0.45), 0.012 + 0.008 * std::max(tight, cheek), 0.75);
  const double crease = 0.045 - 0.03 * lift + 0.01 * lowered;
  const std::array lid_fold = {Point{inner.x + s * 0.1 * w, inner.y - 0.04},
                               Point{cx - s * 0.4 * w, -upper - crease},
                               Point{cx + s * 0.3 * w, -upper - crease}, Point{outer.x, outer.y - 0.035}};
  fold(canvas, lid_fold, scaled(face.skin, 0.5), 0.012, 0.55);
  // The bag under a tightened lid, a raised cheek or a wrinkled nose.
  const double bag = std::max({beyond(tight, 0.1), beyond(cheek, 0.1), beyond(wrinkle, 0.1)});
  const std::array pouch = {Point{cx - s * 0.85 * w, 0.06}, Point{cx - s * 0.2 * w, lower + 0.06},
                            Point{cx + s * 0.55 * w, lower + 0.045}, Point{cx + s * 0.95 * w, 0.03}};
  fold(canvas, pouch, scaled(face.skin, 0.55), 0.016, 0.2 + 0.2 * face.wrinkles + 0.5 * bag);
}

}  // namespace

double eye_half_width(const FaceIdentity& face) { return 0.168 * face.eye_size; }

double eye_bottom(const FaceIdentity& face) {
  return 0.38 * eye_half_width(face) * face.eye_roundness + 0.02;
}

void draw_eyes(FaceCanvas& canvas, const FaceIdentity& face, const ActionUnits& units) {
  for (int side = 0; side < 2; ++side) draw_eye(canvas, face, units, side);
}

void draw_brows(FaceCanvas& canvas, const FaceIdentity& face, const ActionUnits& units) {
  for (int side = 0; side < 2; ++side) {
    const double s = side_sign(side), w = eye_half_width(face), cx = s * face.eye_distance;
    const double inner_up = units.inner_brow_raiser[side], outer_up = units.outer_brow_raiser[side];
    const double lowered = units.brow_lowerer[side], wrinkle = units.nose_wrinkler[side];
    const double down =
        lowered * (1 - inner_up);  // against a raiser, the lowerer only draws the brows together
    const double together = 0.075 * lowered + 0.025 * wrinkle;
    const double base = -face.brow_height;
    const double slope = lowered * inner_up * (1 - outer_up);  // the oblique brows of grief
    const Point inner{cx - s * (0.95 * w + together), base + 0.005 - 0.11 * inner_up - 0.05 * slope -
                                                          0.02 * lowered * inner_up * outer_up +
                                                          0.125 * down + 0.06 * wrinkle};
    const Point middle{cx - s * 0.1 * w, base - face.brow_arch - 0.045 * inner_up - 0.075 * outer_up +
                                             0.02 * lowered * inner_up + 0.07 * down + 0.045 * wrinkle};
    const Point peak{cx + s * 0.65 * w, base - face.brow_arch - 0.115 * outer_up + 0.045 * slope +
                                            0.01 * down + 0.025 * wrinkle};
    const Point outer{cx + s * 1.3 * w, base + 0.04 - 0.085 * outer_up + 0.07 * slope + 0.015 * wrinkle};
    const double t = face.brow_thickness;
    const std::array shape = {Point{inner.x, inner.y - 0.45 * t}, Point{middle.x, middle.y - 0.55 * t},
                              Point{peak.x, peak.y - 0.4 * t},    outer,
                              Point{peak.x, peak.y + 0.35 * t},   Point{middle.x, middle.y + 0.5 * t},
                              Point{inner.x, inner.y + 0.5 * t}};
    canvas.smooth(shape, true);
    canvas.fill(face.brow, 0.93);
  }
}

void draw_nose(FaceCanvas& canvas, const FaceIdentity& face, const ActionUnits& units) {
  const Colour shade = scaled(face.skin, 0.55), light = mix(face.skin, {1, 1, 1}, 0.45);
  const double wrinkle = 0.5 * (units.nose_wrinkler[0] + units.nose_wrinkler[1]);
  const double w = 0.115 * face.nose_width, y = 0.38 * face.nose_length - 0.035 * wrinkle;
  const Depth bridge{true, 0.06}, tip{true, 0.1};
  const double lit = std::cos(canvas.pose().light_angle) > 0 ? 1 : -1;
  const std::array ridge = {Point{-lit * 0.07, -0.1}, Point{-lit * 0.05, 0.1}, Point{-lit * 0.075, y - 0.08}};
  canvas.smooth(ridge, false, bridge);
  canvas.stroke(shade, 0.03, 0.3 + 0.6 * canvas.pose().light_strength);
  canvas.spot({0, y - 0.05}, 0.07, 0.07, light, 0.5, tip);
  canvas.spot({lit * 0.01, 0.12}, 0.035, 0.2, light, 0.4, bridge);
  canvas.spot({0, y + 0.05}, 0.14, 0.05, shade, 0.5);
  for (int side = 0; side < 2; ++side) {
    const double s = side_sign(side), up = 0.035 * units.nose_wrinkler[side];
    const double flare = 1 + 0.12 * units.nose_wrinkler[side];
    const std::array wing = {Point{s * w * 0.85 * flare, y - 0.09 - up},
                             Point{s * w * 1.15 * flare, y - 0.04 - up},
                             Point{s * w * 1.05 * flare, y + 0.01 - 0.6 * up}, Point{s * w * 0.6, y + 0.015}};
    fold(canvas, wing, scaled(face.skin, 0.45), 0.018, 0.75);
    canvas.ellipse({s * w * 0.5, y + 0.004}, 0.034, 0.018 + 0.006 * wrinkle, -s * 0.35, tip);
    canvas.fill(scaled(face.skin, 0.22), 0.85);
    // The wrinkles of disgust run up the sides of the nose and across its root.
    const double depth = beyond(units.nose_wrinkler[side], 0.1);
    for (int line = 0; line < 3; ++line) {
      const double top = -0.05 + 0.07 * line;
      fold(canvas,
           std::array{Point{0, top - 0.015}, Point{s * 0.06, top},
                      Point{s * 0.115, top + 0.045 + 0.01 * line}},
           scaled(face.skin, 0.42), 0.017, 0.9 * depth);
    }
    fold(canvas, std::array{Point{s * 0.1, 0.2}, Point{s * 0.13, 0.27}, Point{s * 0.125, 0.33}}, shade, 0.02,
         0.8 * depth);
  }
}

void draw_folds(FaceCanvas& canvas, const FaceIdentity& face, const ActionUnits& units) {
  const Colour dark = scaled(face.skin, 0.5), light = mix(face.skin, {1, 1, 1}, 0.35);
  for (int side = 0; side < 2; ++side) {
    const double s = side_sign(side);
    canvas.spot({s * 0.42, 0.32}, 0.22, 0.17, mix(face.skin, {0.9, 0.3, 0.3}, 0.6), 0.35 * face.blush);
    const double smile = units.lip_corner_puller[side], cheek = units.cheek_raiser[side];
    const double wrinkle = units.nose_wrinkler[side];
    canvas.spot({s * 0.4, 0.26}, 0.17, 0.12, light, 0.5 * beyond(cheek, 0.1));
    // From the wing of the nose past the corner of the mouth.
    const double depth =
        0.12 + 0.3 * face.wrinkles + 0.65 * std::max(beyond(smile, 0.1), beyond(wrinkle, 0.1));
    const double out = 0.1 * smile + 0.02 * wrinkle, up = 0.05 * wrinkle;
    fold(canvas,
         std::array{Point{s * 0.15, 0.35 - up}, Point{s * (0.235 + 0.6 * out), 0.43 - 0.6 * up},
                    Point{s * (0.285 + out), 0.53 - 0.04 * smile},
                    Point{s * (0.29 + 1.1 * out), 0.61 - 0.05 * smile}},
         dark, 0.02, depth);
    // Crow's feet.
    const double w = eye_half_width(face), ex = s * (face.eye_distance + 1.12 * w);
    for (double tilt : {-0.05, 0.0, 0.05})
      fold(canvas,
           std::array{Point{ex, 0.4 * tilt}, Point{ex + s * 0.045, tilt}, Point{ex + s * 0.085, 1.9 * tilt}},
           dark, 0.012, 0.15 * face.wrinkles + 0.8 * beyond(cheek, 0.1));
    // Between the brows: lowered brows crease the skin upright.
    const double frown = beyond(units.brow_lowerer[side], 0.1) + 0.4 * beyond(wrinkle, 0.1);
    fold(canvas, std::array{Point{s * 0.05, -0.3}, Point{s * 0.042, -0.22}, Point{s * 0.055, -0.13}}, dark,
         0.018, 0.8 * frown);
    // Across the forehead: the middle with the inner brows, the sides with the outer ones.
    const double inner = beyond(units.inner_brow_raiser[side], 0.1);
    const double outer = beyond(units.outer_brow_raiser[side], 0.1);
    for (double y : {-0.44, -0.51}) {
      fold(canvas, std::array{Point{0, y}, Point{s * 0.08, y - 0.005}, Point{s * 0.17, y - 0.005}}, dark,
           0.014, 0.2 * face.wrinkles + 0.55 * inner);
      fold(canvas, std::array{Point{s * 0.17, y - 0.005}, Point{s * 0.28, y}, Point{s * 0.38, y + 0.03}},
           dark, 0.014, 0.2 * face.wrinkles + 0.55 * outer);
    }
  }
}

}  // namespace poster::faces
