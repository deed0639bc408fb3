#include "io/data/augmentation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "engine/error.h"
#include "io/codec/image_reader.h"
#include "io/image/colour.h"
#include "io/image/resize.h"
#include "tests/support/buffers.h"

namespace poster::io {
namespace {

using test::Output;

const std::string kImages = POSTER_TEST_DATA "/images/";

std::vector<float> every_second(const std::vector<float>& full, int size) {
  std::vector<float> result;
  for (int y = 0; y < size; y += 2)
    for (int x = 0; x < size; x += 2)
      result.insert(result.end(), full.begin() + (y * size + x) * 3, full.begin() + (y * size + x + 1) * 3);
  return result;
}

// The definition, one whole-image step after the other.
std::vector<float> step_by_step(Image image, const Recipe& recipe, const Augmentation& a) {
  if (a.flip) image = flip_horizontally(image);
  for (Jitter kind : a.order) {
    const double amount = a.amount[static_cast<std::size_t>(kind)];
    if (kind == Jitter::brightness && recipe.brightness > 0)
      adjust_brightness(image, static_cast<float>(amount));
    if (kind == Jitter::contrast && recipe.contrast > 0) adjust_contrast(image, static_cast<float>(amount));
    if (kind == Jitter::saturation && recipe.saturation > 0)
      adjust_saturation(image, static_cast<float>(amount));
    if (kind == Jitter::hue && recipe.hue > 0) adjust_hue(image, amount);
  }
  image = translate(rotate(image, a.degrees), a.dx, a.dy);
  std::vector<float> output(image.rgb.size());
  normalise(image, 1, output.data());
  if (a.erased) erase(output.data(), image.width, image.height, 1, *a.erased);
  return output;
}

TEST(Transform, TrainingIsItsStepsInOrder) {
  const Image image = read_image(kImages + "wide.jpg");
  for (const std::string& name : recipe_names()) {
    const Recipe recipe = recipe_by_name(name);
    for (std::uint64_t sample = 0; sample < 24; ++sample) {
      RandomStream random(11, RandomPurpose::augment, 0, sample);
      const Augmentation a = draw_augmentation(recipe, random);
      Image source = image;
      if (a.noise) add_noise(source, recipe.noise_deviation, *a.noise);
      const auto expected = step_by_step(prepare_image(source, recipe), recipe, a);
      for (int out : {224, 112}) {
        Output<float> actual(out * out * 3);
        RandomStream again(11, RandomPurpose::augment, 0, sample);
        train_transform(image, recipe, again, out, actual.data());
        ASSERT_EQ(actual.values(), out == 224 ? expected : every_second(expected, 224))
            << name << " " << sample;
      }
    }
  }
}

TEST(Transform, EvaluationIsTheNormalisedImage) {
  for (const char* file : {"wide.jpg", "tall.png", "tiny.png", "exact.jpg"}) {
    const Image image = read_image(kImages + file);
    for (const std::string& name : recipe_names()) {
      const Recipe recipe = recipe_by_name(name);
      Output<float> full(224 * 224 * 3), half(112 * 112 * 3);
      eval_transform(image, recipe, 224, full.data());
      eval_transform(image, recipe, 112, half.data());
      EXPECT_EQ(half.values(), every_second(full.values(), 224));
      const Image prepared = recipe.resize == ResizeMode::stretch
                                 ? resize(image, 224, 224)
                                 : crop_centre(resize_short_side(image, 224), 224, 224);
      std::vector<float> expected(224 * 224 * 3);
      normalise(prepared, 1, expected.data());
      EXPECT_EQ(full.values(), expected);
    }
  }
}

TEST(Transform, DrawsFollowTheRecipe) {
  const Recipe recipe = recipe_by_name("augmented");
  RandomStream random(5, RandomPurpose::test);
  int flips = 0, erased = 0;
  double degrees_low = 0, degrees_high = 0, hue_low = 0, hue_high = 0;
  std::set<int> shifts;
  std::set<std::array<Jitter, 4>> orders;
  constexpr int kDraws = 4000;
  for (int i = 0; i < kDraws; ++i) {
    const Augmentation a = draw_augmentation(recipe, random);
    flips += a.flip;
    erased += a.erased.has_value();
    orders.insert(a.order);
    for (int k = 0; k < 3; ++k) {
      ASSERT_GE(a.amount[k], 0.8);
      ASSERT_LE(a.amount[k], 1.2);
    }
    degrees_low = std::min(degrees_low, a.degrees), degrees_high = std::max(degrees_high, a.degrees);
    hue_low = std::min(hue_low, a.amount[3]), hue_high = std::max(hue_high, a.amount[3]);
    shifts.insert(a.dx);
    shifts.insert(a.dy);
  }
  EXPECT_NEAR(flips, kDraws / 2, 150);
  EXPECT_NEAR(erased, kDraws / 2, 150);
  EXPECT_EQ(orders.size(), 24u);
  EXPECT_NEAR(degrees_low, -15, 0.1);
  EXPECT_NEAR(degrees_high, 15, 0.1);
  EXPECT_NEAR(hue_low, -0.1, 0.001);
  EXPECT_NEAR(hue_high, 0.1, 0.001);
  EXPECT_EQ(*shifts.begin(), -22);
  EXPECT_EQ(*shifts.rbegin(), 22);
  EXPECT_EQ(shifts.size(), 45u);

  const Recipe affectnet = recipe_by_name("affectnet");
  for (int i = 0; i < 200; ++i) {
    const Augmentation a = draw_augmentation(affectnet, random);
    ASSERT_TRUE(a.erased);
    ASSERT_NEAR(a.erased->width * a.erased->height / (224.0 * 224.0), 0.05, 0.002);
    ASSERT_EQ(a.dx, 0);
    ASSERT_EQ(a.degrees, 0);
  }
}

TEST(Transform, FlipOrNoiseComesOnTopAndLeavesOtherDrawsAsTheyAre) {
  const Recipe recipe = recipe_by_name("raf-db-v1");
  Recipe without = recipe;
  without.flip_or_noise_probability = 0;
  int noises = 0, extra_flips = 0, flips = 0;
  std::set<std::uint64_t> keys;
  constexpr int kDraws = 4000;
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    RandomStream random(5, RandomPurpose::augment, 0, i), again(5, RandomPurpose::augment, 0, i);
    const Augmentation a = draw_augmentation(recipe, random), plain = draw_augmentation(without, again);
    ASSERT_EQ(a.erased, plain.erased);
    ASSERT_FALSE(plain.noise);
    const bool extra = a.flip != plain.flip;
    ASSERT_FALSE(extra && a.noise) << "one or the other";
    extra_flips += extra;
    flips += a.flip;
    if (a.noise) keys.insert(*a.noise);
    noises += a.noise.has_value();
  }
  EXPECT_NEAR(noises, kDraws / 4, 120);
  EXPECT_NEAR(extra_flips, kDraws / 4, 120);
  EXPECT_NEAR(flips, kDraws / 2, 150);
  EXPECT_EQ(std::ssize(keys), noises);
}

TEST(Transform, NoiseHasItsDeviationAndIsCutOffToLevels) {
  Image image(120, 100);
  std::fill(image.rgb.begin(), image.rgb.end(), std::uint8_t{100});
  Image same = image, other = image;
  add_noise(image, 5.477, 9);
  add_noise(same, 5.477, 9);
  add_noise(other, 5.477, 10);
  EXPECT_EQ(image.rgb, same.rgb);
  EXPECT_NE(image.rgb, other.rgb);
  double sum = 0, squares = 0;
  for (const std::uint8_t level : image.rgb) {
    sum += level;
    squares += level * level;
  }
  const double count = static_cast<double>(image.rgb.size()), mean = sum / count;
  EXPECT_NEAR(mean, 99.5, 0.15);  // fractions are cut off
  EXPECT_NEAR(std::sqrt(squares / count - mean * mean), 5.477, 0.1);

  Image black(50, 50);
  std::fill(black.rgb.begin(), black.rgb.end(), std::uint8_t{0});
  Image white = black;
  std::fill(white.rgb.begin(), white.rgb.end(), std::uint8_t{255});
  add_noise(black, 30, 1);
  add_noise(white, 30, 1);
  EXPECT_NEAR(static_cast<double>(std::ranges::count(black.rgb, 0)) / 7500, 0.51, 0.05);
  EXPECT_NEAR(static_cast<double>(std::ranges::count(white.rgb, 255)) / 7500, 0.5, 0.05);
}

TEST(Transform, RefusesOtherSizes) {
  const Recipe recipe = recipe_by_name("plain");
  std::vector<float> output(224 * 224 * 3);
  EXPECT_THROW(eval_transform(Image(300, 300), recipe, 100, output.data()), Error);
  EXPECT_THROW(normalise_prepared(Image(300, 300), recipe, 224, output.data()), Error);
}

TEST(Recipe, NamesAreListedWhenUnknown) {
  try {
    recipe_by_name("augmnted");
    FAIL();
  } catch (const Error& error) {
    const std::string message = error.what();
    for (const std::string& name : recipe_names())
      EXPECT_NE(message.find(name), std::string::npos) << message;
    EXPECT_NE(message.find("augmnted"), std::string::npos);
  }
}

TEST(Recipe, KnownOnesAreSoundAndOthersRefused) {
  for (const std::string& name : recipe_names()) EXPECT_NO_THROW(check_recipe(recipe_by_name(name), "test"));
  Recipe recipe = recipe_by_name("augmented");
  recipe.hue = 0.6;
  EXPECT_THROW(check_recipe(recipe, "test"), Error);
  recipe = recipe_by_name("augmented");
  recipe.erase_area_max = 0.01;
  EXPECT_THROW(check_recipe(recipe, "test"), Error);
  recipe = recipe_by_name("augmented");
  recipe.label_smoothing = 1.5;
  EXPECT_THROW(check_recipe(recipe, "test"), Error);
}

}  // namespace
}  // namespace poster::io
