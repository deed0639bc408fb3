// YuNet's interface, on a model of our own with its outputs that always says the same. (The real one isn't
// packaged.)
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "io/face/face_finder.h"
#include "io/face/face_pick.h"
#include "tests/support/error_text.h"
#include "tests/support/onnx_writer.h"
#include "tests/support/temporary_folder.h"

namespace poster::io {
namespace {

using test::error_of;
using test::expect_contains;
using test::OnnxWriter;

TEST(FaceFromYunet, OrdersTheEyesByWhereTheyAreInTheImage) {
  std::array<float, 15> row = {30, 40, 60, 80, 45, 70, 75, 72, 60, 90, 50, 110, 70, 110, 0.9f};
  const SearchScale half{.scale = 0.5, .border = 10};
  const FaceBox face = face_from_yunet(row, half);
  EXPECT_EQ(face, (FaceBox{40, 60, 120, 160, Eyes{{70, 120}, {130, 124}}}));
  std::swap(row[4], row[6]);
  std::swap(row[5], row[7]);
  EXPECT_EQ(face_from_yunet(row, half), face);
  row[4] = row[6];
  EXPECT_FALSE(face_from_yunet(row, half).eyes);
  row[4] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(face_from_yunet(row, half).eyes);
}

// The 2022 model as OpenCV before 4.8 decodes it: for each prior a location (2 for the middle, 2 for the
// size, 5 x 2 for the landmarks; in priors' sizes and variances 0.1 and 0.2), two class scores and an
// overlap. Priors lie on the image reduced by 8, 16, 32 and 64, three, two, two and three on each place.
constexpr std::array<std::array<int, 3>, 4> kPriors = {
    {{10, 16, 24}, {32, 48, 0}, {64, 96, 0}, {128, 192, 256}}};

struct Prior {
  double x, y, size;  // pixels
};

std::vector<Prior> priors(int width, int height) {
  std::vector<Prior> all;
  int w = (width + 1) / 2 / 2, h = (height + 1) / 2 / 2;
  for (std::size_t level = 0; level < kPriors.size(); ++level) {
    w /= 2;
    h /= 2;
    const int step = 8 << level;
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < w; ++x)
        for (const int size : kPriors[level])
          if (size > 0) all.push_back({(x + 0.5) * step, (y + 0.5) * step, static_cast<double>(size)});
  }
  return all;
}

// Says that there are faces of these sizes at the priors chosen, whatever the image.
// As sure of it as the image is blue.
std::vector<std::uint8_t> model(int width, int height, const std::vector<std::size_t>& chosen) {
  const auto all = priors(width, height);
  const auto count = static_cast<std::int64_t>(all.size());
  std::vector<float> location(all.size() * 14, 0), score(all.size() * 2, 0), overlap(all.size(), 1);
  for (std::size_t i = 0; i < all.size(); ++i) score[2 * i] = 1;
  std::vector<float> blueness(all.size() * 2 * 3, 0);
  for (const std::size_t i : chosen) {
    score[2 * i] = 0.1f;
    blueness[3 * (2 * i + 1)] = 0.9f / 200;  // OpenCV's order: blue, green, red
    // Eyes a quarter of the prior to either side, the right one a tenth higher.
    float* at = &location[14 * i];
    at[4] = -0.25f / 0.1f;
    at[5] = -0.1f / 0.1f;
    at[6] = 0.25f / 0.1f;
  }
  OnnxWriter onnx;
  onnx.add_input("input", {1, 3, height, width});
  onnx.add_node("GlobalAveragePool", {"input"}, "mean");
  const auto add = [&](const std::string& name, std::int64_t columns, const std::vector<float>& values,
                       std::vector<float> weights) {
    const std::int64_t rows = count * columns;
    weights.resize(static_cast<std::size_t>(rows * 3), 0);
    onnx.add_floats(name + "_w", {rows, 3, 1, 1}, weights);
    onnx.add_floats(name + "_b", {rows}, values);
    onnx.add_integers(name + "_shape", {count, columns});
    onnx.add_node("Conv", {"mean", name + "_w", name + "_b"}, name + "_map", {1, 1});
    onnx.add_node("Reshape", {name + "_map", name + "_shape"}, name);
    onnx.add_output(name, {count, columns});
  };
  add("loc", 14, location, {});
  add("conf", 2, score, blueness);
  add("iou", 1, overlap, {});
  return onnx.bytes();
}

// 320 x 320 with the border of a fifth is 448 x 448.
constexpr int kSide = 320, kSearched = 448, kBorder = 64;

Image coloured(std::uint8_t red, std::uint8_t blue) {
  Image image(kSide, kSide);
  for (std::size_t i = 0; i < image.rgb.size(); i += 3) {
    image.rgb[i] = red;
    image.rgb[i + 2] = blue;
  }
  return image;
}

TEST(YunetFinder, GivesBoxesAndEyesInTheImagesPixels) {
  const auto all = priors(kSearched, kSearched);
  const auto place = [&](double x, double y, double size) {
    std::size_t best = 0;
    const auto off = [&](const Prior& p) {
      return std::hypot(p.x - x, p.y - y) + 4 * std::abs(p.size - size);
    };
    for (std::size_t i = 0; i < all.size(); ++i)
      if (off(all[i]) < off(all[best])) best = i;
    return best;
  };
  const std::size_t small = place(100, 120, 48), large = place(300, 280, 128);
  const test::TemporaryFolder folder;
  test::write_bytes(folder / "yunet.onnx", model(kSearched, kSearched, {small, large}));
  const auto finder = make_face_finder(folder / "yunet.onnx");
  const auto faces = finder->find(coloured(0, 200));
  ASSERT_EQ(faces.size(), 2u);
  EXPECT_TRUE(finder->find(coloured(200, 0)).empty());
  EXPECT_TRUE(finder->find(Image(9, 9)).empty());
  for (std::size_t i = 0; i < 2; ++i) {
    const Prior& prior = all[i == 0 ? large : small];
    EXPECT_NEAR(faces[i].width, prior.size, 1.01) << i;
    EXPECT_NEAR(faces[i].left + faces[i].width / 2, prior.x - kBorder, 1.01) << i;
    EXPECT_NEAR(faces[i].top + faces[i].height / 2, prior.y - kBorder, 1.01) << i;
    ASSERT_TRUE(faces[i].eyes) << i;
    const Eyes& eyes = *faces[i].eyes;
    EXPECT_NEAR(eyes.left.x, prior.x - kBorder - 0.25 * prior.size, 1.01) << i;
    EXPECT_NEAR(eyes.left.y, prior.y - kBorder - 0.1 * prior.size, 1.01) << i;
    EXPECT_NEAR(eyes.right.x, prior.x - kBorder + 0.25 * prior.size, 1.01) << i;
    EXPECT_NEAR(eyes.right.y, prior.y - kBorder, 1.01) << i;
  }
}

TEST(YunetFinder, FindsNoFaces) {
  const test::TemporaryFolder folder;
  test::write_bytes(folder / "yunet.onnx", model(kSearched, kSearched, {}));
  EXPECT_TRUE(make_face_finder(folder / "yunet.onnx")->find(coloured(0, 200)).empty());
}

TEST(YunetFinder, RefusesAnotherModel) {
  OnnxWriter onnx;
  onnx.add_input("input", {1, 3, 64, 64});
  onnx.add_node("Relu", {"input"}, "output");
  onnx.add_output("output", {1, 3, 64, 64});
  const test::TemporaryFolder folder;
  test::write_bytes(folder / "relu.onnx", onnx.bytes());
  expect_contains(error_of([&] { make_face_finder(folder / "relu.onnx"); }), "relu.onnx: not a YuNet model");
  // One that ends early.
  auto whole = model(kSearched, kSearched, {});
  whole.resize(whole.size() / 2);
  test::write_bytes(folder / "half.onnx", whole);
  expect_contains(error_of([&] { make_face_finder(folder / "half.onnx"); }), "half.onnx: not a YuNet model");
}

}  // namespace
}  // namespace poster::io
