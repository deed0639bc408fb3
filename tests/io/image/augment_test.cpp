#include "io/image/geometry.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <set>

#include "engine/error.h"
#include "io/image/colour.h"
#include "tests/support/safetensors_reader.h"

namespace poster::io {
namespace {

using Values = std::vector<std::uint8_t>;

class Augment : public testing::Test {
 protected:
  Augment() : expected_(POSTER_TEST_DATA "/images/expected.safetensors"), input_(224, 224) {
    input_.rgb = expected_.values<std::uint8_t>("augment.input");
  }

  // Every value within `levels`, and exact in `share` of them.
  void expect_pillow(const Image& actual, const std::string& name, int levels, double share) const {
    const auto expected = expected_.values<std::uint8_t>("augment." + name);
    ASSERT_EQ(actual.rgb.size(), expected.size());
    std::size_t equal = 0;
    int worst = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      equal += actual.rgb[i] == expected[i];
      worst = std::max(worst, std::abs(int{actual.rgb[i]} - int{expected[i]}));
    }
    EXPECT_LE(worst, levels) << name;
    EXPECT_GE(static_cast<double>(equal), share * static_cast<double>(expected.size())) << name;
  }

  template <typename F>
  Image changed(F&& change) const {
    Image image = input_;
    change(image);
    return image;
  }

  test::SafetensorsReader expected_;
  Image input_;
};

TEST_F(Augment, ColourEqualsPillow) {
  expect_pillow(changed([](Image& i) { adjust_brightness(i, 1.2f); }), "brightness.1.2", 1, 0.999);
  expect_pillow(changed([](Image& i) { adjust_brightness(i, 0.8f); }), "brightness.0.8", 1, 0.999);
  expect_pillow(changed([](Image& i) { adjust_contrast(i, 1.2f); }), "contrast.1.2", 1, 0.999);
  expect_pillow(changed([](Image& i) { adjust_contrast(i, 0.8f); }), "contrast.0.8", 1, 0.999);
  expect_pillow(changed([](Image& i) { adjust_saturation(i, 1.2f); }), "saturation.1.2", 1, 0.999);
  expect_pillow(changed([](Image& i) { adjust_saturation(i, 0.8f); }), "saturation.0.8", 1, 0.999);
  expect_pillow(changed([](Image& i) { adjust_hue(i, 0.1); }), "hue.0.1", 2, 0.999);
  expect_pillow(changed([](Image& i) { adjust_hue(i, -0.1); }), "hue.-0.1", 2, 0.999);
}

TEST_F(Augment, FactorOneChangesNothing) {
  EXPECT_EQ(changed([](Image& i) { adjust_brightness(i, 1); }), input_);
  EXPECT_EQ(changed([](Image& i) { adjust_contrast(i, 1); }), input_);
  EXPECT_EQ(changed([](Image& i) { adjust_saturation(i, 1); }), input_);
  Image grey(2, 1);
  grey.rgb = {7, 7, 7, 200, 200, 200};
  const Image before = grey;
  adjust_hue(grey, 0.4);
  adjust_saturation(grey, 3);
  EXPECT_EQ(grey, before);
}

TEST_F(Augment, GeometryEqualsPillow) {
  expect_pillow(rotate(input_, 15), "rotate.15.0", 255, 0.999);
  expect_pillow(rotate(input_, -7.5), "rotate.-7.5", 255, 0.999);
  expect_pillow(translate(input_, 13, -9), "translate.13.-9", 0, 1);
  EXPECT_EQ(rotate(input_, 0), input_);
  EXPECT_EQ(translate(input_, 0, 0), input_);
  EXPECT_EQ(translate(input_, 500, 3), Image(224, 224));
  EXPECT_EQ(translate(input_, -224, 0), Image(224, 224));
}

TEST_F(Augment, NormalisedEqualsPillow) {
  const auto expected = expected_.values<float>("augment.normalized");  // C H W, every 8th pixel
  std::vector<float> actual(28 * 28 * 3, NAN);
  normalise(input_, 8, actual.data());
  for (int c = 0; c < 3; ++c)
    for (int i = 0; i < 28 * 28; ++i) ASSERT_NEAR(actual[3 * i + c], expected[c * 28 * 28 + i], 1e-6);
}

TEST(Geometry, FlipPadCrop) {
  Image image(3, 1);
  image.rgb = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  EXPECT_EQ(flip_horizontally(image).rgb, (Values{7, 8, 9, 4, 5, 6, 1, 2, 3}));
  const Image padded = pad_centre(image, 4);
  ASSERT_EQ(padded.width, 4);
  ASSERT_EQ(padded.height, 4);
  Values expected(48, 0);
  for (int i = 0; i < 9; ++i) expected[12 + i] = static_cast<std::uint8_t>(i + 1);
  EXPECT_EQ(padded.rgb, expected);
  EXPECT_EQ(pad_centre(image, 1), image);
  EXPECT_EQ(crop_centre(padded, 4, 1).rgb, Values(12, 0));  // an offset of 1.5 rounds to 2
  EXPECT_EQ(crop_centre(image, 1, 1).rgb, (Values{4, 5, 6}));
  EXPECT_THROW(crop_centre(image, 4, 1), Error);
}

TEST(Erasing, RectanglesFollowTheirDistribution) {
  RandomStream random(3, RandomPurpose::test);
  constexpr int kDraws = 4000;
  double area = 0, log_aspect = 0;
  std::set<int> lefts;
  for (int i = 0; i < kDraws; ++i) {
    const auto r = draw_erasing(random, 224, 224, 0.02, 0.1, 0.3, 3.3);
    ASSERT_TRUE(r);
    ASSERT_GE(r->left, 0);
    ASSERT_GE(r->top, 0);
    ASSERT_LE(r->left + r->width, 224);
    ASSERT_LE(r->top + r->height, 224);
    const double share = r->width * r->height / (224.0 * 224.0);
    ASSERT_GE(share, 0.02 * 0.97);
    ASSERT_LE(share, 0.1 * 1.03);
    area += share;
    log_aspect += std::log(static_cast<double>(r->height) / r->width);
    lefts.insert(r->left);
  }
  EXPECT_NEAR(area / kDraws, 0.06, 0.001);
  EXPECT_NEAR(log_aspect / kDraws, (std::log(0.3) + std::log(3.3)) / 2, 0.04);
  EXPECT_GT(lefts.size(), 150u);
}

TEST(Erasing, GivesUpWhenNothingFits) {
  RandomStream random(3, RandomPurpose::test);
  EXPECT_FALSE(draw_erasing(random, 1, 100, 0.5, 0.5, 0.3, 3.3));
}

TEST(Erasing, ZeroesTheKeptPixelsOfTheRectangle) {
  for (int step : {1, 2}) {
    const int side = 8 / step;
    for (const Rectangle& r : {Rectangle{1, 2, 3, 4}, Rectangle{0, 0, 8, 8}, Rectangle{7, 7, 1, 1},
                               Rectangle{2, 4, 1, 1}, Rectangle{3, 3, 0, 2}}) {
      std::vector<float> output(side * side * 3, 1.0f);
      erase(output.data(), 8, 8, step, r);
      for (int y = 0; y < 8; y += step)
        for (int x = 0; x < 8; x += step) {
          const bool inside = x >= r.left && x < r.left + r.width && y >= r.top && y < r.top + r.height;
          for (int c = 0; c < 3; ++c)
            EXPECT_EQ(output[(y / step * side + x / step) * 3 + c], inside ? 0.0f : 1.0f);
        }
    }
  }
}

}  // namespace
}  // namespace poster::io
