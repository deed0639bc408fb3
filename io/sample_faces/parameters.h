// What a drawn face looks like: who it is, how it is held and lit, and which muscles move. Each part is drawn
// from a stream of its own, so who a face is, how it is photographed and what it expresses are independent:
// nothing but the action units can tell one class from another.
//
// Expressions are sums of action units (P. Ekman, W. Friesen, J. Hager, Facial Action Coding System, 2002) in
// the combinations of its Investigator's Guide: happiness 6+12, sadness 1+4+15, anger 4+5+7+23, fear
// 1+2+4+5+20+26, disgust 9+15+16, surprise 1+2+5+26, neutral none.
//
// Face coordinates: the eye line is y = 0, y points down, x to the right of the image; the crown of the
// head lies at y = -1, the chin at y = 1.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace poster::faces {

// The order of the class folders.
enum class Expression { anger, disgust, fear, happiness, neutral, sadness, surprise };
inline constexpr int kExpressions = 7;
inline constexpr std::array<std::string_view, kExpressions> kExpressionNames = {
    "anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"};

struct Colour {  // red, green, blue in 0..1
  double r = 0, g = 0, b = 0;
};
Colour mix(Colour from, Colour to, double amount);  // amount 0: from, 1: to
Colour scaled(Colour colour, double factor);        // darker (< 1) or lighter (> 1), kept in 0..1

enum class HairStyle { shaved, cropped, side_part, long_straight, curly, bun, headscarf };
enum class Beard { none, stubble, moustache, full };
enum class Glasses { none, round, square };

struct FaceIdentity {
  Colour skin, hair, brow, lips, iris, shirt, cloth, frame;
  double half_width = 0.7, jaw = 1, chin = 1, ears = 1;  // jaw, chin, ears: multiples of a mean face
  double eye_distance = 0.3, eye_size = 1, eye_tilt = 0, eye_roundness = 1;
  double brow_thickness = 0.05, brow_height = 0.2, brow_arch = 0.04;
  double nose_width = 1, nose_length = 1;
  double mouth_width = 0.24, upper_lip = 1, lower_lip = 1, mouth_height = 0.6;
  double wrinkles = 0, blush = 0;  // 0..1: depth of the folds at rest, redness of the cheeks
  HairStyle hair_style = HairStyle::cropped;
  double hair_volume = 1, hairline = -0.62, parting = 1;  // parting: +1 or -1, the side
  Beard beard = Beard::none;
  Glasses glasses = Glasses::none;
};

// How the image was taken. Angles in radians; x, y and lengths as fractions of the image's side.
struct FacePose {
  double roll = 0, yaw = 0, pitch = 0;
  double scale = 0.39;            // length of one face unit
  double x = 0.5, y = 0.43;       // where the middle of the eye line lies
  double gaze_x = 0, gaze_y = 0;  // -1..1
  double light_angle = 0, light_strength = 0.3;
  double gain = 1;
  Colour cast{1, 1, 1};
  double blur = 0;     // weight of each neighbour in the three-tap blur, 0..0.25
  double noise = 0;    // standard deviation of the sensor noise, in 0..1
  int background = 0;  // 0 plain gradient, 1 with shapes, 2 with stripes
  Colour background_from, background_to;
  std::uint64_t background_key = 0;  // seeds the shapes
};

// Intensity of a muscle movement, 0..about 1, on the image's left and right side of the face.
using Sided = std::array<double, 2>;

struct ActionUnits {
  Sided inner_brow_raiser{};     // 1
  Sided outer_brow_raiser{};     // 2
  Sided brow_lowerer{};          // 4
  Sided upper_lid_raiser{};      // 5
  Sided cheek_raiser{};          // 6
  Sided lid_tightener{};         // 7
  Sided nose_wrinkler{};         // 9
  Sided lip_corner_puller{};     // 12
  Sided lip_corner_depressor{};  // 15
  Sided lower_lip_depressor{};   // 16
  Sided lip_stretcher{};         // 20
  Sided lip_tightener{};         // 23
  Sided lips_part{};             // 25: how far a smile shows teeth
  Sided jaw_drop{};              // 26
};

// The same (seed, identity) is the same person; the same (seed, identity, expression, number) the same
// image.
FaceIdentity draw_identity(std::uint64_t seed, std::uint64_t identity);
FacePose draw_pose(std::uint64_t seed, std::uint64_t identity, Expression expression, std::uint64_t number);
ActionUnits draw_action_units(std::uint64_t seed, std::uint64_t identity, Expression expression,
                              std::uint64_t number);

// Key of the stream that draws an image's sensor noise: RandomStream(seed, sample_faces, identity, key).
std::uint64_t noise_key(Expression expression, std::uint64_t number);

}  // namespace poster::faces
