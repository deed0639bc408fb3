#include "io/face/face_view.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "io/codec/image_reader.h"
#include "io/face/face_crop.h"
#include "io/format/setting_value.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

namespace poster::io {
namespace {

using test::error_of;
using test::expect_contains;

constexpr double kRadians = 3.14159265358979 / 180;

Image plain(int width, int height, std::uint8_t value) {
  Image image(width, height);
  std::ranges::fill(image.rgb, value);
  return image;
}

ViewOptions headset() {
  ViewOptions options;
  options.view = View::headset;
  return options;
}

FaceBox face_with_eyes(Point middle, double distance, double degrees) {
  const double dx = distance / 2 * std::cos(degrees * kRadians),
               dy = distance / 2 * std::sin(degrees * kRadians);
  return {0, 0, 200, 200, Eyes{{middle.x - dx, middle.y - dy}, {middle.x + dx, middle.y + dy}}};
}

// Where a pixel's middle is in the headset: from its middle along its width and its height.
Point in_box(int x, int y, Point middle, double degrees) {
  const double dx = x + 0.5 - middle.x, dy = y + 0.5 - middle.y;
  const double c = std::cos(degrees * kRadians), s = std::sin(degrees * kRadians);
  return {dx * c + dy * s, -dx * s + dy * c};
}

TEST(HeadsetView, PaintsTheRectangleBetweenTheEyesAndNothingElse) {
  const Point middle{101.3, 83.8};
  for (const double degrees : {0.0, 12.5, -30.0, 45.0, 90.0}) {
    const double distance = 41.7;
    const Image view =
        apply_view(plain(220, 200, 255), headset(), 1, face_with_eyes(middle, distance, degrees));
    const double width = 2.3 * distance, height = 0.6 * width;
    double area = 0;
    for (int y = 0; y < view.height; ++y)
      for (int x = 0; x < view.width; ++x) {
        const std::uint8_t* pixel = view.row(y) + 3 * x;
        const Point at = in_box(x, y, middle, degrees);
        const double outside = std::max(std::abs(at.x) - width / 2, std::abs(at.y) - height / 2);
        if (outside < -0.75) {
          ASSERT_EQ(pixel[0], 0) << x << ", " << y << " at " << degrees;
        }
        if (outside > 0.75) {
          ASSERT_EQ(pixel[0], 255) << x << ", " << y << " at " << degrees;
        }
        ASSERT_TRUE(pixel[0] == pixel[1] && pixel[1] == pixel[2]);
        area += 1 - pixel[0] / 255.0;
      }
    EXPECT_NEAR(area / (width * height), 1, 0.003) << degrees;
  }
}

TEST(HeadsetView, TakesSizeRotationAndColourFromTheOptions) {
  ViewOptions options = headset();
  options.headset_width = 1.6;
  options.headset_height = 0.45;
  options.headset_rotation = 20;
  options.headset_colour = {10, 200, 30};
  const Point middle{100, 90};
  const Image view = apply_view(plain(200, 200, 255), options, 1, face_with_eyes(middle, 60, -5));
  const double width = 1.6 * 60, height = 0.45 * width;
  for (int y = 0; y < view.height; ++y)
    for (int x = 0; x < view.width; ++x) {
      const Point at = in_box(x, y, middle, 15);
      const double outside = std::max(std::abs(at.x) - width / 2, std::abs(at.y) - height / 2);
      const std::uint8_t* pixel = view.row(y) + 3 * x;
      const std::array<int, 3> colour = {pixel[0], pixel[1], pixel[2]};
      if (outside < -0.75) {
        ASSERT_EQ(colour, (std::array<int, 3>{10, 200, 30})) << x << ", " << y;
      }
      if (outside > 0.75) {
        ASSERT_EQ(colour, (std::array<int, 3>{255, 255, 255})) << x << ", " << y;
      }
    }
}

TEST(HeadsetView, CornersGoRoundFromTheUpperLeft) {
  const auto corners = headset_corners(face_with_eyes({100, 80}, 40, 90), headset());
  // Turned by a quarter: the box's upper edge is on the right.
  const std::array<Point, 4> expected = {{{127.6, 34}, {127.6, 126}, {72.4, 126}, {72.4, 34}}};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(corners[i].x, expected[i].x, 1e-9) << i;
    EXPECT_NEAR(corners[i].y, expected[i].y, 1e-9) << i;
  }
}

TEST(HeadsetView, LiesByProportionWhereNoEyesAreKnown) {
  ViewOptions options = headset();
  options.margin = 0.25;
  const Image by_margin = apply_view(plain(150, 150, 255), options, 1);
  options.margin = 0;
  const Image by_box = apply_view(plain(150, 150, 255), options, 1, FaceBox{25, 25, 100, 100});
  const Point middle{75, 25 + 100 * kEyeRow};
  const double reach = 2.3 * 100 * kEyeDistance / 2;
  EXPECT_EQ(by_margin, by_box);
  for (int x = 0; x < 150; ++x) {
    const double outside = std::abs(x + 0.5 - middle.x) - reach;
    const std::uint8_t value = by_box.row(static_cast<int>(middle.y))[3 * x];
    if (std::abs(outside) > 0.75) {
      ASSERT_EQ(value, outside < 0 ? 0 : 255) << x;
    }
  }
}

TEST(HeadsetView, IsClippedAtTheImagesBorders) {
  for (const Point middle : {Point{0, 0}, Point{60, 2}, Point{59, 49}, Point{-300, 20}, Point{20, 900}}) {
    const Image view = apply_view(plain(60, 50, 255), headset(), 1, face_with_eyes(middle, 30, 17));
    for (int y = 0; y < 50; ++y)
      for (int x = 0; x < 60; ++x) {
        const Point at = in_box(x, y, middle, 17);
        const double outside = std::max(std::abs(at.x) - 34.5, std::abs(at.y) - 20.7);
        if (std::abs(outside) > 0.75) {
          ASSERT_EQ(view.row(y)[3 * x], outside < 0 ? 0 : 255) << x << ", " << y;
        }
      }
  }
}

// Red, green / blue, white in the four quarters.
Image quarters(int side) {
  Image image(side, side);
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) {
      std::uint8_t* pixel = image.row(y) + 3 * x;
      const bool right = x >= side / 2, low = y >= side / 2;
      pixel[0] = right == low ? 255 : 0;
      pixel[1] = right ? 255 : 0;
      pixel[2] = low ? 255 : 0;
    }
  return image;
}

TEST(HeadsetView, StretchesATextureOverTheBox) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "texture.png";
  for (const int side : {8, 300}) {  // enlarged, and reduced
    write_image(path, quarters(side));
    ViewOptions options = headset();
    options.headset_texture = path;
    options.headset_texture_checksum = texture_checksum(path);
    const Point middle{100, 100};
    const Image view = apply_view(plain(200, 200, 90), options, 1, face_with_eyes(middle, 50, 25));
    const double blurred = side == 8 ? 8 : 2;
    double worst = 0;
    for (int y = 0; y < 200; ++y)
      for (int x = 0; x < 200; ++x) {
        const Point at = in_box(x, y, middle, 25);
        const double outside = std::max(std::abs(at.x) - 57.5, std::abs(at.y) - 34.5);
        const std::uint8_t* pixel = view.row(y) + 3 * x;
        if (outside > 0.75) {
          ASSERT_EQ(pixel[0], 90);
        }
        if (outside > -0.75 || std::min(std::abs(at.x), std::abs(at.y)) < blurred) continue;
        const bool right = at.x > 0, low = at.y > 0;
        worst =
            std::max({worst, std::abs(pixel[0] - (right == low ? 255.0 : 0.0)),
                      std::abs(pixel[1] - (right ? 255.0 : 0.0)), std::abs(pixel[2] - (low ? 255.0 : 0.0))});
      }
    EXPECT_LE(worst, 2) << side;
  }
  ViewOptions options = headset();
  options.headset_texture = path;
  options.headset_texture_checksum = "0123456789abcdef";
  expect_contains(error_of([&] { ViewMaker{options}; }), path + ": not the headset texture");
  options.headset_texture = folder / "none.png";
  expect_contains(error_of([&] { ViewMaker{options}; }), "none.png: no such image");
}

TEST(HeadsetView, MixPaintsAFixedShareByKeyAndSeed) {
  ViewOptions options = headset();
  constexpr int kKeys = 20000;
  std::vector<bool> before(kKeys, false);
  for (const double mix : {0.0, 0.25, 0.5, 0.9, 1.0}) {
    options.headset_mix = mix;
    int painted = 0;
    for (int key = 0; key < kKeys; ++key) {
      const bool now = is_painted(options, view_key("a/image" + std::to_string(key) + ".jpg"));
      if (before[static_cast<std::size_t>(key)]) {
        ASSERT_TRUE(now) << "lost at a larger share";
      }
      before[static_cast<std::size_t>(key)] = now;
      painted += now;
    }
    EXPECT_NEAR(painted / double{kKeys}, mix, mix == 0 || mix == 1 ? 0 : 0.015);
  }
  options.headset_mix = 0.5;
  ViewOptions other = options;
  other.seed = 1;
  int alike = 0;
  for (std::uint64_t key = 0; key < kKeys; ++key) alike += is_painted(options, key) == is_painted(other, key);
  EXPECT_NEAR(alike / double{kKeys}, 0.5, 0.02);

  const Image image = plain(40, 40, 200);
  for (std::uint64_t key = 0; key < 50; ++key) {
    const Image view = apply_view(image, options, key);
    EXPECT_EQ(view == image, !is_painted(options, key));
    EXPECT_EQ(view, apply_view(image, options, key));
  }
}

TEST(LowerView, CutsAtTheShareOfTheFace) {
  Image image(30, 200);
  for (int y = 0; y < 200; ++y) std::fill_n(image.row(y), 90, static_cast<std::uint8_t>(y));
  ViewOptions options;
  options.view = View::lower;
  const auto cut = [&](std::optional<FaceBox> face = std::nullopt) {
    const Image lower = apply_view(image, options, 0, face);
    EXPECT_EQ(lower.width, 30);
    for (int y = 0; y < lower.height; ++y)
      for (int i = 0; i < 90; ++i) EXPECT_EQ(lower.row(y)[i], 200 - lower.height + y);
    return 200 - lower.height;
  };
  EXPECT_EQ(cut(), 100);
  options.eye_line = 0.45;
  EXPECT_EQ(cut(), 90);
  EXPECT_EQ(cut(FaceBox{0, 40, 30, 100}), 85);
  EXPECT_EQ(cut(FaceBox{0, 40.4, 30, 101}), 86);     // 85.85
  EXPECT_EQ(cut(FaceBox{0, -500, 30, 10}), 0);       // above the image
  EXPECT_EQ(cut(FaceBox{0, 1000, 30, 1e300}), 199);  // below it: a row is left
  options.margin = 0.5;                              // the face is rows 50 to 150
  EXPECT_EQ(cut(), 95);
}

TEST(FullView, LeavesTheImageAsItIs) {
  const Image image = plain(20, 10, 33);
  EXPECT_EQ(apply_view(image, {}, 5), image);
}

TEST(ViewKey, DependsOnClassAndNameAlone) {
  const std::uint64_t key = view_key("/data/set/train/joy/a1.jpg");
  EXPECT_EQ(view_key("elsewhere/test/joy/a1.png"), key);
  EXPECT_EQ(view_key("joy/a1"), key);
  EXPECT_NE(view_key("/data/set/train/joy/a2.jpg"), key);
  EXPECT_NE(view_key("/data/set/train/sad/a1.jpg"), key);
  EXPECT_NE(view_key("joy/b/a1.jpg"), key);
}

TEST(View, NamesAndColours) {
  for (const View view : {View::full, View::lower, View::headset})
    EXPECT_EQ(view_by_name(view_name(view)), view);
  expect_contains(error_of([] { view_by_name("upper"); }), "'upper'; choose one of full, lower, headset");
  EXPECT_EQ(parse_colour("#0aF010"), (std::array<std::uint8_t, 3>{10, 240, 16}));
  EXPECT_EQ(parse_colour("0aF010"), parse_colour("#0aF010"));
  EXPECT_EQ(colour_text({10, 240, 16}), "#0af010");
  for (const char* text : {"", "#", "black", "#12345", "#1234567", "#12345g", "##12345"})
    expect_contains(error_of([&] { parse_colour(text); }), "is no colour");
}

TEST(View, RefusesSettingsOutOfRange) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto error = [](auto change) {
    ViewOptions options = headset();
    change(options);
    return error_of([&] { apply_view(plain(5, 5, 0), options, 0); });
  };
  EXPECT_EQ(error([](ViewOptions&) {}), "");
  for (const double bad : {-0.1, 1.1, nan})
    expect_contains(error([&](ViewOptions& o) { o.headset_mix = bad; }), "headset_mix (--headset-mix)");
  for (const double bad : {-0.1, 1.0, nan})
    expect_contains(error([&](ViewOptions& o) { o.eye_line = bad; }), "eye_line (--eye-line)");
  for (const double bad : {0.0, 11.0, nan})
    expect_contains(error([&](ViewOptions& o) { o.headset_width = bad; }), "headset_width");
  for (const double bad : {0.0, 6.0, nan})
    expect_contains(error([&](ViewOptions& o) { o.headset_height = bad; }), "headset_height");
  for (const double bad : {-181.0, nan})
    expect_contains(error([&](ViewOptions& o) { o.headset_rotation = bad; }), "rotation");
  for (const double bad : {-0.1, nan})
    expect_contains(error([&](ViewOptions& o) { o.margin = bad; }), "margin");
  EXPECT_NE(error_of([] { apply_view(Image(), {}, 0); }), "");
  for (const FaceBox& face : {FaceBox{0, 0, nan, 1}, FaceBox{0, 0, 9, 9, Eyes{{1, 1}, {nan, 1}}}}) {
    expect_contains(error_of([&] { apply_view(plain(5, 5, 0), headset(), 0, face); }), "not a number");
  }
}

}  // namespace
}  // namespace poster::io
