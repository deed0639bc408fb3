#include "io/face/face_crop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "io/codec/image_reader.h"
#include "tests/support/error_text.h"

namespace poster::io {
namespace {

using test::error_of;
using test::expect_contains;

// Each pixel says where it is.
Image numbered(int width, int height) {
  Image image(width, height);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      image.row(y)[3 * x] = static_cast<std::uint8_t>(x);
      image.row(y)[3 * x + 1] = static_cast<std::uint8_t>(y);
      image.row(y)[3 * x + 2] = 77;
    }
  return image;
}

// Every pixel of the crop is the one of the image at that place, or the nearest in it.
void expect_cut(const FaceCrop& crop, int left, int top, int width, int height, int of_width, int of_height) {
  ASSERT_EQ(crop.image.width, width);
  ASSERT_EQ(crop.image.height, height);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const std::uint8_t* pixel = crop.image.row(y) + 3 * x;
      ASSERT_EQ(pixel[0], std::clamp(left + x, 0, of_width - 1)) << x << ", " << y;
      ASSERT_EQ(pixel[1], std::clamp(top + y, 0, of_height - 1)) << x << ", " << y;
      ASSERT_EQ(pixel[2], 77);
    }
}

TEST(CropFace, CutsTheBox) {
  const FaceCrop crop = crop_face(numbered(100, 80), {20, 30, 40, 24}, {.margin = 0, .square = false});
  expect_cut(crop, 20, 30, 40, 24, 100, 80);
  EXPECT_EQ(crop.face, (FaceBox{0, 0, 40, 24}));
}

TEST(CropFace, AddsTheMarginOfTheLongerSideOnEachSide) {
  const FaceCrop crop = crop_face(numbered(100, 80), {20, 30, 40, 24}, {.margin = 0.1, .square = false});
  expect_cut(crop, 16, 26, 48, 32, 100, 80);
  EXPECT_EQ(crop.face, (FaceBox{4, 4, 40, 24}));
  const FaceCrop less = crop_face(numbered(100, 80), {20, 30, 40, 24}, {.margin = -0.1, .square = false});
  expect_cut(less, 24, 34, 32, 16, 100, 80);
  EXPECT_EQ(less.face, (FaceBox{-4, -4, 40, 24}));
}

TEST(CropFace, GrowsToASquareAboutTheMiddle) {
  const FaceCrop flat = crop_face(numbered(100, 80), {20, 30, 40, 24}, {.margin = 0, .square = true});
  expect_cut(flat, 20, 22, 40, 40, 100, 80);
  const FaceCrop tall = crop_face(numbered(100, 80), {50, 20, 20, 44}, {.margin = 0.25, .square = true});
  expect_cut(tall, 27, 9, 66, 66, 100, 80);
  EXPECT_EQ(tall.face, (FaceBox{23, 11, 20, 44}));
}

TEST(CropFace, RepeatsTheEdgeBeyondTheImage) {
  const Image image = numbered(50, 40);
  expect_cut(crop_face(image, {-10, -5, 30, 30}, {}), -10, -5, 30, 30, 50, 40);
  expect_cut(crop_face(image, {35, 20, 30, 30}, {}), 35, 20, 30, 30, 50, 40);
  expect_cut(crop_face(image, {0, 0, 50, 40}, {.margin = 0.5}), -25, -30, 100, 100, 50, 40);
  expect_cut(crop_face(numbered(1, 1), {0, 0, 1, 1}, {.margin = 4}), -4, -4, 9, 9, 1, 1);
}

TEST(CropFace, RoundsToWholePixelsAndTakesTheEyesAlong) {
  const FaceBox box{20.3, 30.4, 40.2, 40.2, Eyes{{30.5, 45.25}, {50, 46}}};
  const FaceCrop crop = crop_face(numbered(100, 80), box, {});
  expect_cut(crop, 20, 31, 40, 40, 100, 80);  // middle 40.4, 50.5
  EXPECT_NEAR(crop.face.left, 0.3, 1e-12);
  EXPECT_NEAR(crop.face.top, -0.6, 1e-12);
  ASSERT_TRUE(crop.face.eyes);
  EXPECT_NEAR(crop.face.eyes->left.x, 10.5, 1e-12);
  EXPECT_NEAR(crop.face.eyes->left.y, 14.25, 1e-12);
  EXPECT_NEAR(crop.face.eyes->right.x, 30, 1e-12);
  EXPECT_NEAR(crop.face.eyes->right.y, 15, 1e-12);
  EXPECT_EQ(crop_face(numbered(100, 80), {20, 30, 0.2, 0.1}, {}).image.width, 1);
}

TEST(CropFace, RefusesWhatHasNoCrop) {
  const Image image = numbered(50, 40);
  const double nan = std::numeric_limits<double>::quiet_NaN(), huge = 1e300;
  const auto error = [&](const FaceBox& box, double margin = 0) {
    return error_of([&] { crop_face(image, box, {.margin = margin}); });
  };
  expect_contains(error({50, 0, 10, 10}), "lies outside its image of 50 x 40");
  for (const FaceBox& box : {FaceBox{-10, 0, 10, 10}, {0, 40, 10, 10}, {0, -10, 10, 10}})
    expect_contains(error(box), "lies outside");
  for (const FaceBox& box : {FaceBox{0, 0, 0, 10}, {0, 0, 10, -1}, {nan, 0, 10, 10}, {0, 0, 10, nan}})
    expect_contains(error(box), "is empty");
  expect_contains(error({0, 0, huge, 10}), "larger");
  expect_contains(error({0, 0, 20000, 20000}), "larger");  // each side fits, the area doesn't
  for (double margin : {-0.5, 4.5, nan}) expect_contains(error({0, 0, 10, 10}, margin), "margin");
  EXPECT_NE(error_of([&] { crop_face(Image(), {0, 0, 1, 1}, {}); }), "");
}

TEST(FaceWithin, IsWhatACropWithThatMarginShows) {
  const FaceBox box{30, 20, 40, 40};
  const FaceCrop crop = crop_face(numbered(100, 80), box, {.margin = 0.2});
  const FaceBox inside = face_within(crop.image.width, crop.image.height, 0.2);
  EXPECT_NEAR(inside.left, crop.face.left, 1e-9);
  EXPECT_NEAR(inside.top, crop.face.top, 1e-9);
  EXPECT_NEAR(inside.width, crop.face.width, 1e-9);
  EXPECT_NEAR(inside.height, crop.face.height, 1e-9);
  EXPECT_EQ(whole_image(numbered(7, 5)).face, (FaceBox{0, 0, 7, 5}));
}

}  // namespace
}  // namespace poster::io
