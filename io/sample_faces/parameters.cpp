#include "io/sample_faces/parameters.h"

#include <algorithm>
#include <numbers>

#include "engine/random.h"

namespace poster::faces {
namespace {

enum class Part : std::uint64_t { pose, action_units, noise };
constexpr std::uint64_t kParts = 3;

// Key 0 is the identity; each part of each image follows.
std::uint64_t image_key(Expression expression, std::uint64_t number, Part part) {
  const std::uint64_t image = number * kExpressions + static_cast<std::uint64_t>(expression);
  return 1 + image * kParts + static_cast<std::uint64_t>(part);
}

RandomStream image_stream(std::uint64_t seed, std::uint64_t identity, Expression expression,
                          std::uint64_t number, Part part) {
  return RandomStream(seed, RandomPurpose::sample_faces, identity, image_key(expression, number, part));
}

constexpr Colour rgb(int r, int g, int b) { return {r / 255.0, g / 255.0, b / 255.0}; }

constexpr std::array kSkins = {rgb(252, 222, 200), rgb(240, 200, 168), rgb(224, 176, 136), rgb(200, 145, 103),
                               rgb(165, 110, 75),  rgb(126, 80, 54),   rgb(96, 62, 45)};
constexpr std::array kHairs = {rgb(24, 20, 20),    rgb(48, 32, 24),    rgb(88, 56, 36),
                               rgb(120, 72, 40),   rgb(150, 72, 36),   rgb(205, 165, 96),
                               rgb(226, 198, 140), rgb(150, 150, 152), rgb(215, 214, 212)};
constexpr std::array kIrises = {rgb(66, 40, 24),  rgb(92, 58, 30),   rgb(120, 88, 44),
                                rgb(86, 110, 62), rgb(70, 112, 150), rgb(96, 120, 132)};

Colour random_colour(RandomStream& random, double low, double high) {
  const double r = random.uniform(low, high), g = random.uniform(low, high);
  return {r, g, random.uniform(low, high)};
}

double brightness(Colour colour) { return (colour.r + colour.g + colour.b) / 3; }

Colour muted(Colour colour) {
  const double grey = brightness(colour);
  return mix(colour, {grey, grey, grey}, 0.45);
}

template <std::size_t n>
Colour pick(RandomStream& random, const std::array<Colour, n>& colours, double jitter) {
  const Colour colour = colours[random.below(n)];
  return scaled(colour, random.uniform(1 - jitter, 1 + jitter));
}

// One of the values, each as likely as its weight (the weights sum to 1).
template <class Value, std::size_t n>
Value choose(RandomStream& random, const std::array<std::pair<Value, double>, n>& weighted) {
  double left = random.uniform_double();
  for (const auto& [value, weight] : weighted) {
    left -= weight;
    if (left < 0) return value;
  }
  return weighted.back().first;
}

// How strongly each expression moves a muscle at full intensity, in the order of Expression.
struct MuscleRow {
  Sided ActionUnits::*muscle;
  std::array<double, kExpressions> strength;
};
// clang-format off
constexpr std::array<MuscleRow, 14> kMuscles = {{
    //                                    anger disgust fear happy neutral sad surprise
    {&ActionUnits::inner_brow_raiser,    {0,    0,      1,   0,    0,      1,   1}},
    {&ActionUnits::outer_brow_raiser,    {0,    0,      0.6, 0,    0,      0,   1}},
    {&ActionUnits::brow_lowerer,         {1,    0,      0.8, 0,    0,      0.6, 0}},
    {&ActionUnits::upper_lid_raiser,     {0.6,  0,      1,   0,    0,      0,   1}},
    {&ActionUnits::cheek_raiser,         {0,    0,      0,   1,    0,      0,   0}},
    {&ActionUnits::lid_tightener,        {1,    0,      0,   0,    0,      0,   0}},
    {&ActionUnits::nose_wrinkler,        {0,    1,      0,   0,    0,      0,   0}},
    {&ActionUnits::lip_corner_puller,    {0,    0,      0,   1,    0,      0,   0}},
    {&ActionUnits::lip_corner_depressor, {0,    0.6,    0,   0,    0,      1,   0}},
    {&ActionUnits::lower_lip_depressor,  {0,    1,      0,   0,    0,      0,   0}},
    {&ActionUnits::lip_stretcher,        {0,    0,      1,   0,    0,      0,   0}},
    {&ActionUnits::lip_tightener,        {1,    0,      0,   0,    0,      0,   0}},
    {&ActionUnits::lips_part,            {0,    0,      0,   1,    0,      0,   0}},
    {&ActionUnits::jaw_drop,             {0,    0,      0.4, 0,    0,      0,   1}},
}};
// clang-format on

}  // namespace

Colour mix(Colour from, Colour to, double amount) {
  return {from.r + (to.r - from.r) * amount, from.g + (to.g - from.g) * amount,
          from.b + (to.b - from.b) * amount};
}

Colour scaled(Colour colour, double factor) {
  return {std::clamp(colour.r * factor, 0.0, 1.0), std::clamp(colour.g * factor, 0.0, 1.0),
          std::clamp(colour.b * factor, 0.0, 1.0)};
}

FaceIdentity draw_identity(std::uint64_t seed, std::uint64_t identity) {
  RandomStream random(seed, RandomPurpose::sample_faces, identity, 0);
  FaceIdentity face;
  const double tone = random.uniform(0, kSkins.size() - 1.001);
  const auto step = static_cast<std::size_t>(tone);
  face.skin = scaled(mix(kSkins[step], kSkins[step + 1], tone - static_cast<double>(step)),
                     random.uniform(0.95, 1.05));
  face.hair = pick(random, kHairs, 0.12);
  // Brows are half of an expression: they stay well darker than the skin.
  face.brow = scaled(mix(face.hair, rgb(40, 28, 22), 0.55), 0.8);
  face.brow = scaled(face.brow, std::min(1.0, 0.42 * brightness(face.skin) / brightness(face.brow)));
  face.lips = mix(face.skin, mix(rgb(190, 60, 70), rgb(150, 40, 60), random.uniform_double()),
                  random.uniform(0.35, 0.75));
  face.iris = pick(random, kIrises, 0.15);
  face.shirt = random_colour(random, 0.1, 0.9);
  face.cloth = random_colour(random, 0.15, 0.85);
  face.frame = random_colour(random, 0.02, 0.35);

  face.half_width = random.uniform(0.66, 0.76);
  face.jaw = random.uniform(0.92, 1.08);
  face.chin = random.uniform(0.8, 1.25);
  face.ears = random.uniform(0.85, 1.15);
  face.eye_distance = random.uniform(0.285, 0.33);
  face.eye_size = random.uniform(0.9, 1.12);
  face.eye_tilt = random.uniform(-0.02, 0.03);
  face.eye_roundness = random.uniform(0.88, 1.1);
  face.brow_thickness = random.uniform(0.045, 0.085);
  face.brow_height = random.uniform(0.2, 0.235);
  face.brow_arch = random.uniform(0.01, 0.035);
  face.nose_width = random.uniform(0.85, 1.25);
  face.nose_length = random.uniform(0.92, 1.06);
  face.mouth_width = random.uniform(0.25, 0.3);
  face.upper_lip = random.uniform(0.85, 1.25);
  face.lower_lip = random.uniform(0.85, 1.25);
  face.mouth_height = random.uniform(0.585, 0.625);
  face.wrinkles = random.uniform_double() * random.uniform_double();
  face.blush = random.uniform(0, 1);

  using enum HairStyle;
  face.hair_style = choose<HairStyle, 7>(random, {{{shaved, 0.08},
                                                   {cropped, 0.22},
                                                   {side_part, 0.2},
                                                   {long_straight, 0.2},
                                                   {curly, 0.14},
                                                   {bun, 0.1},
                                                   {headscarf, 0.06}}});
  face.hair_volume = random.uniform(0.8, 1.2);
  face.hairline = random.uniform(-0.7, -0.6);
  face.parting = random.uniform_double() < 0.5 ? -1 : 1;
  face.beard = choose<Beard, 4>(
      random, {{{Beard::none, 0.7}, {Beard::stubble, 0.12}, {Beard::moustache, 0.08}, {Beard::full, 0.1}}});
  if (face.hair_style == headscarf || face.hair_style == bun) face.beard = Beard::none;
  face.glasses =
      choose<Glasses, 3>(random, {{{Glasses::none, 0.78}, {Glasses::round, 0.12}, {Glasses::square, 0.1}}});
  return face;
}

FacePose draw_pose(std::uint64_t seed, std::uint64_t identity, Expression expression, std::uint64_t number) {
  RandomStream random = image_stream(seed, identity, expression, number, Part::pose);
  FacePose pose;
  pose.roll = 0.09 * random.truncated_normal(-2, 2);
  pose.yaw = 0.13 * random.truncated_normal(-2, 2);
  pose.pitch = 0.06 * random.truncated_normal(-2, 2);
  pose.scale = random.uniform(0.36, 0.42);
  pose.x = 0.5 + random.uniform(-0.035, 0.035);
  pose.y = 0.43 + random.uniform(-0.03, 0.03);
  pose.gaze_x = random.uniform(-1, 1);
  pose.gaze_y = random.uniform(-0.5, 0.5);
  pose.light_angle = random.uniform(0, 2 * std::numbers::pi);
  pose.light_strength = random.uniform(0.05, 0.4);
  pose.gain = random.uniform(0.78, 1.15);
  pose.cast = random_colour(random, 0.93, 1.07);
  pose.blur = random.uniform(0, 0.2);
  pose.noise = random.uniform(0.004, 0.025);
  pose.background = static_cast<int>(random.below(3));
  pose.background_from = muted(random_colour(random, 0.1, 0.95));
  pose.background_to = muted(random_colour(random, 0.1, 0.95));
  pose.background_key = random.bits();
  return pose;
}

ActionUnits draw_action_units(std::uint64_t seed, std::uint64_t identity, Expression expression,
                              std::uint64_t number) {
  RandomStream random = image_stream(seed, identity, expression, number, Part::action_units);
  ActionUnits units;
  const double intensity = random.uniform(0.55, 1);
  for (const MuscleRow& row : kMuscles) {
    const double own = random.uniform(0.85, 1);
    for (double& side : units.*row.muscle) {
      const double asymmetry = random.uniform(0.88, 1.06), at_rest = random.uniform(0, 0.05);
      const double strength = row.strength[static_cast<std::size_t>(expression)];
      side = std::min(1.0, std::max(strength * intensity * own * asymmetry, at_rest));
    }
  }
  // Some smiles show teeth, some don't.
  const double teeth = std::min(1.0, random.uniform(-0.25, 1.25));
  for (double& side : units.lips_part) side *= std::max(0.0, teeth);
  return units;
}

std::uint64_t noise_key(Expression expression, std::uint64_t number) {
  return image_key(expression, number, Part::noise);
}

}  // namespace poster::faces
