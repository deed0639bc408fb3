// From a decoded image to the network's input: float, normalised, H W C.
//
// The result is out_size x out_size x 3, out_size being the recipe's size or half of it. The network begins
// by reducing its input by nearest neighbour, which for twice its side is every second pixel; handing over
// those pixels alone (handed_over_side) gives the same numbers at a quarter of the traffic. All else, erasing
// and rotation included, is defined on the full image.
#pragma once

#include <array>
#include <optional>

#include "engine/random.h"
#include "io/image/geometry.h"
#include "io/image/image.h"
#include "io/recipe/recipe.h"

namespace poster::io {

// The part without chance: resized, padded and cropped to size x size. What a cache may keep.
Image prepare_image(const Image& image, const Recipe& recipe);

enum class Jitter { brightness, contrast, saturation, hue };

// All random choices for one image.
struct Augmentation {
  bool flip = false;
  std::array<Jitter, 4> order = {Jitter::brightness, Jitter::contrast, Jitter::saturation, Jitter::hue};
  std::array<double, 4> amount = {1, 1, 1, 0};  // by Jitter: factors, and the shift of the hue
  double degrees = 0;
  int dx = 0, dy = 0;
  std::optional<Rectangle> erased;
  std::optional<std::uint64_t> noise;  // the key of the noise on the image as it was read
};

// Whether the recipe jitters colours that way at all; one that is not in use is left out whatever was drawn.
bool in_use(const Recipe& recipe, Jitter kind);

// An extra flip of the recipe is part of `flip`: resizing and flipping may change places.
Augmentation draw_augmentation(const Recipe& recipe, RandomStream& random);

// Adds normal noise of this deviation to every level, before the image is prepared: whole levels from 0 to
// 255, fractions cut off.
void add_noise(Image& image, double deviation, std::uint64_t key);

// Flip, colour jitter, rotation, translation, normalisation and erasing of a prepared image, in this order.
// output[out_size][out_size][3]. Throws poster::Error for an out_size that is neither the size nor half of
// it.
void augment_prepared(const Image& prepared, const Recipe& recipe, const Augmentation& augmentation,
                      int out_size, float* output);

// Normalisation of a prepared image.
void normalise_prepared(const Image& prepared, const Recipe& recipe, int out_size, float* output);

// The whole way for training, and for evaluation, which draws nothing at random.
void train_transform(const Image& image, const Recipe& recipe, RandomStream& random, int out_size,
                     float* output);
void eval_transform(const Image& image, const Recipe& recipe, int out_size, float* output);

}  // namespace poster::io
