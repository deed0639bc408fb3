#include "io/data/augmentation.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "io/image/colour.h"
#include "io/image/resize.h"

namespace poster::io {
namespace {

int step_of(const Image& prepared, const Recipe& recipe, int out_size) {
  if (prepared.width != recipe.size || prepared.height != recipe.size)
    throw Error("an image of " + std::to_string(prepared.width) + "x" + std::to_string(prepared.height) +
                " reached a recipe of size " + std::to_string(recipe.size) + "; prepare it first");
  if (out_size == recipe.size) return 1;
  if (out_size * 2 == recipe.size) return 2;
  throw Error("cannot hand over " + std::to_string(out_size) + " of " + std::to_string(recipe.size) +
              " pixels; choose the recipe's size or half of it");
}

void adjust(Image& image, Jitter kind, double amount, int grey) {
  const auto factor = static_cast<float>(amount);
  switch (kind) {
    case Jitter::brightness:
      return adjust_brightness(image, factor);
    case Jitter::contrast:
      return adjust_contrast(image, factor, grey);
    case Jitter::saturation:
      return adjust_saturation(image, factor);
    case Jitter::hue:
      return adjust_hue(image, amount);
  }
}

// Flip, rotation and translation in one gather of the pixels that are handed over. `outside` gets those that
// come from beyond the image.
Image gather(const Image& image, const Augmentation& a, int step, std::vector<int>& outside) {
  const int size = image.width, out = size / step;
  Image result(out, out);
  const bool turned = a.degrees != 0;
  const Rotation rotation(size, size, a.degrees);
  for (int i = 0; i < out; ++i) {
    std::uint8_t* target = result.row(i);
    for (int j = 0; j < out; ++j, target += 3) {
      int x = j * step - a.dx, y = i * step - a.dy;
      bool inside = x >= 0 && x < size && y >= 0 && y < size;
      if (inside && turned) inside = rotation.source(x, y, x, y);
      if (inside)
        std::memcpy(target, image.pixel(a.flip ? size - 1 - x : x, y), 3);
      else
        outside.push_back(i * out + j);
    }
  }
  return result;
}

}  // namespace

Image prepare_image(const Image& image, const Recipe& recipe) {
  if (recipe.resize == ResizeMode::stretch) return resize(image, recipe.size, recipe.size);
  return crop_centre(pad_centre(resize_short_side(image, recipe.size), recipe.size), recipe.size,
                     recipe.size);
}

bool in_use(const Recipe& recipe, Jitter kind) {
  switch (kind) {
    case Jitter::brightness:
      return recipe.brightness > 0;
    case Jitter::contrast:
      return recipe.contrast > 0;
    case Jitter::saturation:
      return recipe.saturation > 0;
    case Jitter::hue:
      return recipe.hue > 0;
  }
  return false;
}

Augmentation draw_augmentation(const Recipe& recipe, RandomStream& random) {
  Augmentation a;
  a.flip = random.uniform_double() < recipe.flip_probability;
  for (std::size_t i = a.order.size(); i-- > 1;) std::swap(a.order[i], a.order[random.below(i + 1)]);
  const auto factor = [&](double spread) { return random.uniform(std::max(0.0, 1 - spread), 1 + spread); };
  a.amount = {factor(recipe.brightness), factor(recipe.contrast), factor(recipe.saturation),
              random.uniform(-recipe.hue, recipe.hue)};
  a.degrees = random.uniform(-recipe.rotation_degrees, recipe.rotation_degrees);
  const double reach = recipe.translation * recipe.size;
  a.dx = static_cast<int>(std::nearbyint(random.uniform(-reach, reach)));
  a.dy = static_cast<int>(std::nearbyint(random.uniform(-reach, reach)));
  if (random.uniform_double() < recipe.erase_probability)
    a.erased = draw_erasing(random, recipe.size, recipe.size, recipe.erase_area_min, recipe.erase_area_max,
                            recipe.erase_aspect_min, recipe.erase_aspect_max);
  // Last, and drawn for such recipes alone: others keep their numbers.
  if (recipe.flip_or_noise_probability > 0 && random.uniform_double() < recipe.flip_or_noise_probability) {
    const std::uint64_t key = (std::uint64_t{random.bits()} << 32) | random.bits();
    if (random.below(2) == 0)
      a.flip = !a.flip;
    else
      a.noise = key;
  }
  return a;
}

void add_noise(Image& image, double deviation, std::uint64_t key) {
  RandomStream random(key, RandomPurpose::noise);
  for (std::uint8_t& level : image.rgb)
    level = static_cast<std::uint8_t>(std::clamp(level + deviation * random.normal(), 0.0, 255.0));
}

void augment_prepared(const Image& prepared, const Recipe& recipe, const Augmentation& a, int out_size,
                      float* output) {
  const int step = step_of(prepared, recipe, out_size);
  // Colour works pixel by pixel, except that contrast needs the mean of the whole image as it is then. So
  // only what comes before contrast is done on the whole image, and the rest on the pixels handed over.
  std::vector<Jitter> before, after;
  for (Jitter kind : a.order)
    if (in_use(recipe, kind)) after.push_back(kind);
  const auto contrast = std::ranges::find(after, Jitter::contrast);
  int grey = 0;
  Image changed;
  const Image* source = &prepared;
  if (contrast != after.end()) {
    before.assign(after.begin(), contrast);
    after.erase(after.begin(), contrast);
    if (!before.empty()) {
      changed = prepared;
      for (Jitter kind : before) adjust(changed, kind, a.amount[static_cast<std::size_t>(kind)], 0);
      source = &changed;
    }
    grey = mean_luma(*source);
  }
  std::vector<int> outside;
  Image image = gather(*source, a, step, outside);
  for (Jitter kind : after) adjust(image, kind, a.amount[static_cast<std::size_t>(kind)], grey);
  for (int at : outside)
    std::fill_n(image.rgb.data() + 3 * static_cast<std::ptrdiff_t>(at), 3, std::uint8_t{0});
  normalise(image, 1, output);
  if (a.erased) erase(output, recipe.size, recipe.size, step, *a.erased);
}

void normalise_prepared(const Image& prepared, const Recipe& recipe, int out_size, float* output) {
  normalise(prepared, step_of(prepared, recipe, out_size), output);
}

void train_transform(const Image& image, const Recipe& recipe, RandomStream& random, int out_size,
                     float* output) {
  const Augmentation augmentation = draw_augmentation(recipe, random);
  Image noisy;
  if (augmentation.noise) {
    noisy = image;
    add_noise(noisy, recipe.noise_deviation, *augmentation.noise);
  }
  augment_prepared(prepare_image(augmentation.noise ? noisy : image, recipe), recipe, augmentation, out_size,
                   output);
}

void eval_transform(const Image& image, const Recipe& recipe, int out_size, float* output) {
  normalise_prepared(prepare_image(image, recipe), recipe, out_size, output);
}

}  // namespace poster::io
