// Labels beside faces, and attention beside what was seen.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <vector>

#include "io/plot/annotation.h"
#include "io/plot/heat_map.h"
#include "io/plot/label_places.h"

namespace poster::io {
namespace {

bool overlap(const Box& one, const Box& other) {
  return one.x < other.right() && other.x < one.right() && one.y < other.bottom() && other.y < one.bottom();
}

// One face and many, in the middle, at every edge, filling the image: no label on a face or on another label.
TEST(LabelPlacesTest, LabelsLieOnNoFaceAndOnNoOtherLabel) {
  std::mt19937 random(1);
  const double width = 320, height = 240;
  std::vector<std::vector<Box>> crowds = {
      {{0, 0, width, height}}, {{0, 0, 40, 40}},       {{280, 200, 40, 40}},
      {{0, 100, width, 60}},   {{60, 0, 200, height}}, {{0, 0, width, height}, {0, 0, width, height}}};
  for (std::size_t n = 1; n < 12; ++n) {
    crowds.emplace_back();
    for (std::size_t i = 0; i < n; ++i) {
      const auto x = static_cast<double>(random() % 280), y = static_cast<double>(random() % 200);
      crowds.back().push_back({x, y, std::min(static_cast<double>(20 + random() % 60), width - x),
                               std::min(static_cast<double>(20 + random() % 60), height - y)});
    }
  }
  for (const auto& faces : crowds)
    for (const bool one_row : {false, true}) {
      const std::vector<LabelSize> labels(faces.size(), {90, 18});
      const auto places = place_labels(width, height, faces, labels, 3, one_row);
      ASSERT_EQ(places.size(), faces.size());
      for (std::size_t i = 0; i < places.size(); ++i) {
        EXPECT_GE(places[i].x, 0);
        EXPECT_GE(places[i].y, 0);
        EXPECT_LE(places[i].right(), width + 1e-9);
        // Within the image, or in the strip under it.
        EXPECT_TRUE(places[i].bottom() <= height || places[i].y >= height);
        if (one_row && places[i].y >= height) {
          EXPECT_EQ(places[i].y, height);
        }
        for (const Box& face : faces) EXPECT_FALSE(overlap(places[i], face)) << faces.size() << " " << i;
        for (std::size_t j = 0; j < i; ++j) EXPECT_FALSE(overlap(places[i], places[j])) << i << " " << j;
      }
    }
}

TEST(LabelPlacesTest, ALabelLiesAboveItsBoxWhereThereIsRoom) {
  const std::vector<Box> faces = {{100, 100, 60, 60}, {220, 2, 60, 60}};
  const std::vector<LabelSize> labels(2, {90, 18});
  const auto places = place_labels(320, 240, faces, labels, 3, false);
  EXPECT_EQ(places[0].x, 100);
  EXPECT_EQ(places[0].bottom(), 97);
  EXPECT_EQ(places[1].y, 65);  // under it: above there is no room
}

TEST(AnnotationTest, TheFaceIsLeftAsItIs) {
  Image image(320, 240);
  for (std::size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = static_cast<std::uint8_t>(i % 251);
  const std::vector<Annotation> faces = {
      {.left = 100, .top = 80, .width = 40, .height = 40, .lines = {"happiness 93 %"}}};
  const Image drawn = annotate(image, faces);
  ASSERT_EQ(drawn.width, 320);
  ASSERT_EQ(drawn.height, 240);
  int other_pixels = 0;
  for (int y = 0; y < 240; ++y)
    for (int x = 0; x < 320; ++x) {
      const bool same = std::equal(image.pixel(x, y), image.pixel(x, y) + 3, drawn.pixel(x, y));
      other_pixels += !same;
      if (x >= 101 && x < 139 && y >= 81 && y < 119) {
        EXPECT_TRUE(same) << x << " " << y;
      }
    }
  EXPECT_GT(other_pixels, 1500);  // box and label
}

TEST(AnnotationTest, SmallFacesAreEnlargedAndFramesOfOneSizeStayThat) {
  const auto label = [](double side) {
    return std::vector<Annotation>{
        {.left = 0, .top = 0, .width = side, .height = side, .lines = {"happiness 93 %"}}};
  };
  const Image small = annotate(Image(40, 40), label(40));
  EXPECT_EQ(small.width, 160);
  EXPECT_GT(small.height, 175);  // the label's strip
  EXPECT_EQ(annotate(Image(200, 200), {}).height, 200);
  const int with = annotate(Image(200, 200), label(200), 2).height;
  EXPECT_EQ(annotate(Image(200, 200), label(20), 2).height, with);
  EXPECT_EQ(annotate(Image(200, 200), {}, 2).height, with);
}

TEST(HeatFigureTest, ShowsTheImageItsMapAndABarFromRedToBlue) {
  Image image(60, 40);
  std::fill(image.rgb.begin(), image.rgb.end(), std::uint8_t{90});
  const std::vector<float> weights = {0, 0, 0, 1};
  const Image figure = heat_figure(image, weights), map = heat_map(image, weights);
  EXPECT_EQ(figure.height, 40);
  EXPECT_GT(figure.width, 120 + 8);
  for (int x = 0; x < 60; ++x) EXPECT_EQ(figure.pixel(x, 20)[0], 90);
  const int gap = 4, bar = 2 * 60 + 2 * gap + 2;
  EXPECT_TRUE(std::equal(map.pixel(30, 20), map.pixel(30, 20) + 3, figure.pixel(60 + gap + 30, 20)));
  EXPECT_GT(figure.pixel(bar, 0)[0], 200);
  EXPECT_LT(figure.pixel(bar, 0)[2], 30);
  EXPECT_GT(figure.pixel(bar, 39)[2], 200);
  EXPECT_LT(figure.pixel(bar, 39)[0], 30);
}

}  // namespace
}  // namespace poster::io
