#include <algorithm>
#include <array>
#include <cmath>

#include "io/sample_faces/features.h"

namespace poster::faces {
namespace {

constexpr int kSamples = 25;  // points along each edge of the lips
using Edge = std::array<Point, kSamples>;

double mean(const Sided& sides) { return 0.5 * (sides[0] + sides[1]); }

// Muscles at rest twitch a little; that doesn't part the lips.
double active(const Sided& sides) { return std::max(0.0, (mean(sides) - 0.06) / 0.94); }

// The four edges of the lips, each from the left corner to the right one.
struct Lips {
  Edge upper_outer, upper_inner, lower_inner, lower_outer;
  Point left, right;
  double opening = 0;
};

Lips shape_lips(const FaceIdentity& face, const ActionUnits& units) {
  const double smile = active(units.lip_corner_puller), stretch = active(units.lip_stretcher);
  const double jaw = std::pow(active(units.jaw_drop), 0.75), tight = active(units.lip_tightener);
  const double sneer = active(units.nose_wrinkler), depress = active(units.lower_lip_depressor);
  const double teeth = active(units.lips_part), down = active(units.lip_corner_depressor);

  // A dropped jaw rounds the lips unless they are stretched.
  const double round = jaw * (1 - stretch);
  const double gap_up = 0.025 * teeth + 0.05 * sneer + 0.1 * round + 0.03 * jaw * stretch + 0.015 * stretch;
  const double gap_down =
      0.09 * teeth + 0.065 * depress + 0.18 * round + 0.18 * jaw * stretch + 0.02 * stretch;
  const double edge_power =
      0.5 - 0.22 * stretch - 0.12 * depress;  // small: the opening is a slot with square ends
  const double thin = (1 - 0.8 * tight) * (1 - 0.25 * smile) * (1 - 0.2 * stretch);
  const double upper = 0.052 * face.upper_lip * thin;
  const double lower = 0.072 * face.lower_lip * thin * (1 + 0.25 * down);
  const double middle =
      face.mouth_height - 0.05 * sneer + 0.03 * smile - 0.035 * down + 0.09 * round + 0.01 * jaw;

  Lips lips;
  for (int i = 0; i < kSamples; ++i) {
    const double t = -1 + 2.0 * i / (kSamples - 1), a = std::abs(t);
    const int side = t < 0 ? 0 : 1;
    // Left and right move by their own intensity, blended over the middle of the mouth.
    const double right_share = std::clamp(0.5 + t, 0.0, 1.0);
    const auto sided = [&](const Sided& s) { return s[0] + (s[1] - s[0]) * right_share; };
    const double width =
        face.mouth_width * (1 + 0.38 * units.lip_corner_puller[side] + 0.42 * units.lip_stretcher[side] -
                            0.42 * round - 0.24 * units.lip_tightener[side] - 0.08 * sneer);
    const double corner = -0.17 * sided(units.lip_corner_puller) + 0.16 * sided(units.lip_corner_depressor) +
                          0.035 * sided(units.lip_stretcher);
    const double x = width * t;
    const double y = middle + corner * std::pow(a, 1.7);
    const double bulge = 1 - t * t;
    const double open = std::pow(bulge, edge_power);
    // A sneer squares the upper lip: its middle is lifted as a whole.
    const double bow = 1 - 0.3 * std::exp(-t * t / 0.018) * (1 - 0.6 * smile);
    lips.upper_inner[i] = {x, y - gap_up * open};
    lips.lower_inner[i] = {x, y + gap_down * open};
    lips.upper_outer[i] = {x, y - gap_up * open - upper * bow * std::pow(bulge, 0.6)};
    lips.lower_outer[i] = {x, y + gap_down * open + lower * std::pow(bulge, 0.7)};
  }
  lips.left = lips.upper_inner.front();
  lips.right = lips.upper_inner.back();
  lips.opening = gap_up + gap_down;
  return lips;
}

void between(FaceCanvas& canvas, const Edge& there, const Edge& back) {
  std::array<Point, std::size_t{2}* kSamples> outline = {};
  std::copy(there.begin(), there.end(), outline.begin());
  std::copy(back.rbegin(), back.rend(), outline.begin() + kSamples);
  canvas.polygon(outline);
}

Edge moved(Edge edge, double dy) {
  for (Point& p : edge) p.y += dy;
  return edge;
}

void draw_inside(FaceCanvas& canvas, const Lips& lips, const ActionUnits& units) {
  between(canvas, lips.upper_inner, lips.lower_inner);
  canvas.clip();
  between(canvas, moved(lips.upper_inner, -0.02), moved(lips.lower_inner, 0.02));
  canvas.fill({0.22, 0.05, 0.06});
  const double middle = lips.lower_inner[kSamples / 2].y;
  canvas.ellipse({0, middle + 0.02}, 0.16, 0.08);
  canvas.fill({0.62, 0.24, 0.25}, 0.9);
  const double upper = 0.01 + std::min(0.06, 0.55 * lips.opening) *
                                  (1 - 0.8 * mean(units.jaw_drop) * (1 - mean(units.lip_stretcher)));
  between(canvas, moved(lips.upper_inner, -0.02), moved(lips.upper_inner, upper));
  canvas.fill({0.94, 0.92, 0.87});
  const double lower = 0.045 * std::max(mean(units.lower_lip_depressor), mean(units.lip_stretcher));
  if (lower > 0.01) {
    between(canvas, moved(lips.lower_inner, -lower), moved(lips.lower_inner, 0.02));
    canvas.fill({0.88, 0.86, 0.8});
  }
  canvas.unclip();
}

}  // namespace

void draw_mouth(FaceCanvas& canvas, const FaceIdentity& face, const ActionUnits& units) {
  const Lips lips = shape_lips(face, units);
  const double tight = mean(units.lip_tightener), down = mean(units.lip_corner_depressor);
  const Colour fold = scaled(face.skin, 0.5);

  if (lips.opening > 0.012) draw_inside(canvas, lips, units);
  between(canvas, lips.upper_outer, lips.upper_inner);
  canvas.fill(scaled(face.lips, 0.88));
  between(canvas, lips.lower_inner, lips.lower_outer);
  canvas.fill(face.lips);
  canvas.spot({-0.02, lerp(lips.lower_inner[kSamples / 2], lips.lower_outer[kSamples / 2], 0.5).y}, 0.09,
              0.025, mix(face.lips, {1, 1, 1}, 0.5), 0.45);
  canvas.smooth(lips.upper_inner, false);
  canvas.stroke(scaled(face.lips, 0.42), 0.016 + 0.008 * tight, 0.9);
  if (lips.opening > 0.012) {
    canvas.smooth(lips.lower_inner, false);
    canvas.stroke(scaled(face.lips, 0.5), 0.01, 0.8);
  }
  for (Point corner : {lips.left, lips.right})
    canvas.spot(corner, 0.035, 0.035, fold, 0.5 + 0.4 * mean(units.lip_corner_puller));

  // Lines that run down from pulled-down corners, and the lines of pressed lips.
  for (int side = 0; side < 2; ++side) {
    const double s = side == 0 ? -1 : 1;
    const Point corner = side == 0 ? lips.left : lips.right;
    const double depth = std::max(units.lip_corner_depressor[side] - 0.1, 0.0);
    const std::array line = {corner, Point{corner.x + s * 0.035, corner.y + 0.05},
                             Point{corner.x + s * 0.04, corner.y + 0.13}};
    canvas.smooth(line, false);
    canvas.stroke(fold, 0.018, 0.7 * depth);
    const double press = std::max(units.lip_tightener[side] - 0.1, 0.0);
    const std::array bracket = {Point{corner.x + s * 0.02, corner.y - 0.05},
                                Point{corner.x + s * 0.045, corner.y},
                                Point{corner.x + s * 0.02, corner.y + 0.055}};
    canvas.smooth(bracket, false);
    canvas.stroke(fold, 0.018, press);
  }
  const Point below = lips.lower_outer[kSamples / 2];
  canvas.spot({0, below.y + 0.035}, 0.15, 0.03, fold, 0.35 + 0.3 * std::max(tight, down));
  const double chin = std::max(std::max(tight, down) - 0.1, 0.0);
  const std::array boss = {Point{-0.12, below.y + 0.14}, Point{-0.07, below.y + 0.085},
                           Point{0, below.y + 0.07}, Point{0.07, below.y + 0.085},
                           Point{0.12, below.y + 0.14}};
  canvas.smooth(boss, false);
  canvas.stroke(fold, 0.016, 0.75 * chin);
}

double chin_drop(const ActionUnits& units) { return 0.2 * std::pow(active(units.jaw_drop), 0.75); }

}  // namespace poster::faces
