#include "io/image/resize.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/error.h"
#include "engine/random.h"
#include "io/codec/image_reader.h"
#include "tests/support/safetensors_reader.h"

namespace poster::io {
namespace {

using Values = std::vector<std::uint8_t>;
const std::string kImages = POSTER_TEST_DATA "/images/";

// Within 1 level everywhere and exact in 99.9 %.
void expect_pillow(const Values& actual, const Values& expected, const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  std::size_t off = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    ASSERT_LE(std::abs(int{actual[i]} - int{expected[i]}), 1) << what << " at " << i;
    off += actual[i] != expected[i];
  }
  EXPECT_LE(off * 1000.0, actual.size()) << what;
}

TEST(Resize, EqualsPillow) {
  const test::SafetensorsReader expected(kImages + "expected.safetensors");
  for (const char* stem : {"wide", "tall", "small", "tiny", "huge", "exact"}) {
    for (const char* extension : {".png", ".jpg"}) {
      const std::string name = std::string(stem) + extension;
      const Image image = read_image(kImages + name);
      const Image square = resize(image, 224, 224);
      ASSERT_EQ(square.width, 224);
      ASSERT_EQ(square.height, 224);
      Values values = square.rgb;
      if (expected.shape(name + ".resize224x224")[0] == 32) {  // every 7th row and column is stored
        values.clear();
        for (int y = 0; y < 224; y += 7)
          for (int x = 0; x < 224; x += 7)
            values.insert(values.end(), square.row(y) + 3 * x, square.row(y) + 3 * x + 3);
      }
      expect_pillow(values, expected.values<std::uint8_t>(name + ".resize224x224"), name);

      const Image kept = resize_short_side(image, 224);
      EXPECT_EQ((std::vector<std::int64_t>{kept.height, kept.width}),
                expected.values<std::int64_t>(name + ".keep_ratio_shape"))
          << name;
      if (expected.has(name + ".keep_ratio"))
        expect_pillow(kept.rgb, expected.values<std::uint8_t>(name + ".keep_ratio"),
                      name + " keeping its ratio");
    }
  }
}

TEST(Resize, KeepsAConstantImage) {
  for (const auto& [from, to] : std::vector<std::pair<Size, Size>>{{{1, 1}, {224, 224}},
                                                                   {{1, 500}, {7, 3}},
                                                                   {{333, 2}, {1, 1}},
                                                                   {{640, 480}, {224, 224}},
                                                                   {{3, 3}, {4, 2}}}) {
    Image image(from.width, from.height);
    for (std::size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = static_cast<std::uint8_t>(i % 3 * 127);
    const Image result = resize(image, to.width, to.height);
    ASSERT_EQ(result.rgb.size(), static_cast<std::size_t>(to.width) * to.height * 3);
    for (std::size_t i = 0; i < result.rgb.size(); ++i) ASSERT_EQ(result.rgb[i], i % 3 * 127);
  }
}

TEST(Resize, SameSizeIsACopy) {
  Image image(5, 4);
  RandomStream random(1, RandomPurpose::test);
  for (auto& value : image.rgb) value = static_cast<std::uint8_t>(random.bits());
  EXPECT_EQ(resize(image, 5, 4), image);
}

TEST(Resize, ShortSide) {
  EXPECT_EQ(short_side_size(320, 180, 224), (Size{398, 224}));
  EXPECT_EQ(short_side_size(200, 333, 224), (Size{224, 372}));
  EXPECT_EQ(short_side_size(50, 50, 224), (Size{224, 224}));
  EXPECT_EQ(short_side_size(1, 30000, 224), (Size{224, 65536}));
  EXPECT_THROW(short_side_size(0, 3, 224), Error);
  EXPECT_THROW(resize(Image(), 3, 3), Error);
  EXPECT_THROW(resize(Image(3, 3), 0, 3), Error);
}

}  // namespace
}  // namespace poster::io
