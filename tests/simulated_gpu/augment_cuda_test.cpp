#include "kernels/augment/augment.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "io/data/augmentation.h"
#include "io/data/device_augmentation.h"
#include "tests/support/buffers.h"
#include "tests/support/cuda_ops.h"

namespace poster::kernels {
namespace {

using test::DeviceArray;
using test::Results;

// Noise, over areas of one grey and of one colour.
std::vector<io::Image> random_images(int count, int size) {
  RandomStream random(1, RandomPurpose::test);
  std::vector<io::Image> images;
  for (int n = 0; n < count; ++n) {
    io::Image image(size, size);
    for (std::uint8_t& level : image.rgb) level = static_cast<std::uint8_t>(random.bits() >> 24);
    for (int y = 0; y < size / 4; ++y) {
      std::fill_n(image.row(y), 3 * (size / 2), static_cast<std::uint8_t>(40 * n + y));
      for (int x = size / 2; x < size; ++x) image.row(y)[3 * x] = static_cast<std::uint8_t>(40 * n + y);
    }
    images.push_back(std::move(image));
  }
  return images;
}

struct AugmentProblem {
  io::Recipe recipe;
  int step;
  std::vector<io::Image> images;
  std::vector<int> chosen;  // by place in the batch
  std::vector<io::Augmentation> augmentations;
};

// A batch drawn as the loader draws it; some images are in it twice.
AugmentProblem random_problem(const io::Recipe& recipe, int step, int batch) {
  AugmentProblem p{recipe, step, random_images(std::max(1, batch * 2 / 3), recipe.size), {}, {}};
  for (int n = 0; n < batch; ++n) {
    RandomStream random(5, RandomPurpose::augment, 1, n);
    p.chosen.push_back((n * 5 + 2) % static_cast<int>(p.images.size()));
    p.augmentations.push_back(io::draw_augmentation(recipe, random));
  }
  return p;
}

template <typename T>
std::vector<double> expected_of(const AugmentProblem& p) {
  const int side = p.recipe.size / p.step;
  std::vector<double> all;
  for (std::size_t n = 0; n < p.chosen.size(); ++n) {
    test::Output<float> one(side * side * 3);
    io::augment_prepared(p.images[p.chosen[n]], p.recipe, p.augmentations[n], side, one.data());
    for (const float value : one.values()) all.push_back(static_cast<double>(static_cast<T>(value)));
  }
  return all;
}

template <typename T>
Results run_augment(const AugmentProblem& p) {
  CudaQueue queue;
  const index_t batch = std::ssize(p.chosen), side = p.recipe.size / p.step;
  std::vector<std::uint8_t> images;
  for (const io::Image& image : p.images) images.insert(images.end(), image.rgb.begin(), image.rgb.end());
  std::vector<ImageAugmentation> augmentations;
  for (index_t n = 0; n < batch; ++n)
    augmentations.push_back(io::device_augmentation(p.recipe, p.augmentations[n], p.chosen[n]));
  std::vector<float> levels;
  for (const auto& channel : io::normalisation_table())
    levels.insert(levels.end(), channel.begin(), channel.end());

  const DeviceArray<std::uint8_t> on_device(images);
  const DeviceArray<ImageAugmentation> drawn(augmentations);
  const DeviceArray<float> table(levels);
  DeviceArray<T> y(batch * side * side * 3);
  run(queue, AugmentImages<T>{.y = y.data(),
                              .images = on_device.data(),
                              .augmentations = drawn.data(),
                              .levels = table.data(),
                              .batch = batch,
                              .image_count = std::ssize(p.images),
                              .size = p.recipe.size,
                              .step = p.step});
  return {{"y", y.values(queue)}};
}

// To the bit: values compare equal, and NaN (what was not written) does not.
template <typename T>
void expect_equal(const std::vector<double>& actual, const AugmentProblem& p) {
  const std::vector<double> expected = expected_of<T>(p);
  ASSERT_EQ(actual.size(), expected.size());
  const std::size_t image = expected.size() / p.chosen.size();
  for (std::size_t i = 0; i < expected.size(); ++i)
    ASSERT_EQ(actual[i], expected[i])
        << p.recipe.name << ", place " << i / image << ", element " << i % image;
}

// Everything that a recipe may ask for, to its bounds.
io::Recipe wild_recipe() {
  io::Recipe recipe = io::recipe_by_name("augmented");
  recipe.name = "wild";
  recipe.brightness = recipe.contrast = recipe.saturation = 1.5;
  recipe.hue = 0.5;
  recipe.rotation_degrees = 180;
  recipe.translation = 0.6;
  recipe.erase_probability = 0.9;
  recipe.erase_area_max = 0.6;
  return recipe;
}
std::vector<io::Recipe> all_recipes() {
  std::vector<io::Recipe> recipes = {wild_recipe()};
  for (const std::string& name : io::recipe_names()) recipes.push_back(io::recipe_by_name(name));
  return recipes;
}

struct AugmentSizes {
  int size, step, batch;
};

class AugmentCuda : public test::CudaTestWith<AugmentSizes> {
 protected:
  template <typename T>
  void expect_the_loaders_results() {
    for (io::Recipe recipe : all_recipes()) {
      recipe.size = GetParam().size;
      const AugmentProblem p = random_problem(recipe, GetParam().step, GetParam().batch);
      expect_equal<T>(run_augment<T>(p).at("y"), p);
    }
  }
};

TEST_P(AugmentCuda, EqualsTheLoaderInFloat) { expect_the_loaders_results<float>(); }
TEST_P(AugmentCuda, EqualsTheLoaderRoundedToHalf) { expect_the_loaders_results<Half>(); }

INSTANTIATE_TEST_SUITE_P(Sizes, AugmentCuda,
                         testing::Values(AugmentSizes{224, 2, 12}, AugmentSizes{224, 1, 3},
                                         AugmentSizes{16, 1, 60}, AugmentSizes{17, 1, 60},
                                         AugmentSizes{30, 2, 60}, AugmentSizes{2, 2, 5},
                                         AugmentSizes{1, 1, 5}));

class AugmentCudaEdges : public test::CudaTest {};

TEST_F(AugmentCudaEdges, SameInEveryOrder) {
  io::Recipe recipe = wild_recipe();
  recipe.size = 40;
  const AugmentProblem p = random_problem(recipe, 2, 6);
  expect_equal<Half>(test::for_each_order([&] { return run_augment<Half>(p); }).at("y"), p);
}

// One thing at a time, where its edges are.
TEST_F(AugmentCudaEdges, OneThingAtATime) {
  io::Recipe recipe = wild_recipe();
  recipe.size = 20;
  io::Recipe still = io::recipe_by_name("plain");
  still.size = 20;
  std::vector<io::Augmentation> geometry(14), colour(10);
  geometry[1].flip = true;
  geometry[2].dx = 20;
  geometry[3].dy = -20;
  geometry[4].dx = 3, geometry[4].dy = -5, geometry[4].flip = true;
  geometry[5].degrees = 90;
  geometry[6].degrees = 180, geometry[6].flip = true;
  geometry[7].degrees = 1e-9;
  geometry[8].degrees = -45, geometry[8].dx = 2;
  geometry[9].erased = io::Rectangle{0, 0, 20, 20};
  geometry[10].erased = io::Rectangle{3, 5, 7, 1};
  geometry[11].erased = io::Rectangle{19, 19, 1, 1};
  geometry[12].erased = io::Rectangle{4, 4, 0, 5};
  geometry[13].erased = io::Rectangle{15, 2, 9, 30};
  using enum io::Jitter;
  const auto amounts = [&](int i, double b, double c, double s, double h) {
    colour[i].amount = {b, c, s, h};
  };
  amounts(0, 0, 1, 1, 0);
  amounts(1, 2.5, 1, 1, 0);
  amounts(2, 1, 0, 1, 0);
  amounts(3, 1, 2.5, 1, 0);
  amounts(4, 1, 1, 0, 0);
  amounts(5, 1, 1, 2.5, 0);
  amounts(6, 1, 1, 1, 0.5);
  amounts(7, 1, 1, 1, -0.5);
  amounts(8, 1.3, 0.7, 1.2, 0.2), colour[8].order = {hue, saturation, brightness, contrast};
  amounts(9, 1.3, 0.7, 1.2, -0.2), colour[9].order = {contrast, hue, brightness, saturation};
  const auto check = [&](const io::Recipe& r, const std::vector<io::Augmentation>& augmentations) {
    for (const int step : {1, 2}) {
      AugmentProblem p{r, step, random_images(2, 20), {}, augmentations};
      for (std::size_t n = 0; n < augmentations.size(); ++n) p.chosen.push_back(static_cast<int>(n % 2));
      expect_equal<float>(run_augment<float>(p).at("y"), p);
    }
  };
  check(still, geometry);
  check(recipe, geometry);
  check(recipe, colour);
}

// The mean's rounding decides what contrast blends with: images whose mean luma lies at a half.
TEST_F(AugmentCudaEdges, MeanLumaIsRounded) {
  io::Recipe recipe = wild_recipe();
  recipe.size = 4;
  io::Augmentation contrast;
  contrast.order = {io::Jitter::contrast, io::Jitter::brightness, io::Jitter::saturation, io::Jitter::hue};
  contrast.amount = {1, 0, 1, 0};
  AugmentProblem p{recipe, 1, {}, {}, {}};
  for (int higher = 0; higher <= 16; ++higher) {
    io::Image image(4, 4);
    std::fill(image.rgb.begin(), image.rgb.end(), std::uint8_t{77});
    std::fill_n(image.rgb.begin(), 3 * higher, std::uint8_t{78});
    p.images.push_back(image);
    p.chosen.push_back(higher);
    p.augmentations.push_back(contrast);
  }
  expect_equal<float>(run_augment<float>(p).at("y"), p);
}

TEST_F(AugmentCudaEdges, RefusesAStepThatDoesNotDivideTheSize) {
  CudaQueue queue;
  AugmentImages<float> a{};
  a.batch = 1, a.size = 7, a.step = 2;
  EXPECT_THROW(run(queue, a), OperandError);
}

}  // namespace
}  // namespace poster::kernels
