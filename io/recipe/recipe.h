// A training recipe: every setting of the input pipeline and of the optimisation that a published run fixes.
#pragma once

#include <string>
#include <vector>

#include "io/format/setting.h"

namespace poster::io {

// What records may say.
inline constexpr int kMaxEpochs = 1'000'000;
inline constexpr double kMaxImages = 1e12;

enum class ResizeMode {
  keep_ratio,  // short side to `size`, then padded and cropped about the centre to size x size
  stretch,     // to size x size whatever the ratio
};

struct Recipe {
  std::string name = {};

  ResizeMode resize = ResizeMode::keep_ratio;
  int size = 224;  // of the square input, in pixels
  double flip_probability = 0.5;
  // Colour jitter, in random order: factors uniform in [max(0, 1 - x), 1 + x], hue shift in [-hue, hue] of
  // the circle (at most 0.5). 0 leaves that one out.
  double brightness = 0, contrast = 0, saturation = 0, hue = 0;
  double rotation_degrees = 0;  // uniform in [-x, x]
  double translation = 0;       // whole pixels, uniform in [-x, x] of the side, each way
  double erase_probability = 0.5;
  double erase_area_min = 0.02, erase_area_max = 0.1;     // of the image
  double erase_aspect_min = 0.3, erase_aspect_max = 3.3;  // height / width
  bool balanced_sampler = false;                          // draws with replacement, every class equally often
  // Of the image as it is read, before everything else: with this probability, and then one or the other by
  // chance, another horizontal flip, or normal noise of this deviation on each level, cut off to whole
  // levels.
  double flip_or_noise_probability = 0;
  double noise_deviation = 0;

  // The loss: loss_weight times the mean cross-entropy with this label smoothing.
  double label_smoothing = 0, loss_weight = 1;
  std::string optimizer = "adam";  // adam, adamw or sgd, inside SAM
  double learning_rate = 3.5e-5;
  double gamma = 0.98;  // of the learning rate, per epoch
  double rho = 0.05;    // SAM's radius
  int epochs = 200;
  int batch_size = 64;

  static const SettingTable<Recipe>& table();
};

// augmented  the study's recipe with colour jitter, rotation and translation
// plain      the same without these three
// raf-db     POSTER V2's for RAF-DB: stretched, flip, erasing
// affectnet  POSTER V2's for AffectNet: erasing always, of 5 % of the area; balanced sampler; a lower rate
// raf-db-v1  POSTER V1's for RAF-DB: stretched, flip or noise, flip, erasing; a loss of its own
// Throws poster::Error that lists these names for any other.
Recipe recipe_by_name(const std::string& name);
std::vector<std::string> recipe_names();

// Whether training changes images before they are resized: then prepared ones don't do.
bool needs_unprepared(const Recipe& recipe);

// The side of the images that are handed over to a network: its own where that takes every second pixel, as
// its reduction by nearest neighbour would; else the recipe's size.
inline int handed_over_side(const Recipe& recipe, int input_side) {
  return recipe.size == 2 * input_side ? input_side : recipe.size;
}

// Throws poster::Error when a setting is out of its range; `source` begins the message.
void check_recipe(const Recipe& recipe, const std::string& source);

}  // namespace poster::io
