#include "io/codec/image_reader.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "engine/error.h"
#include "engine/random.h"
#include "tests/support/safetensors_reader.h"
#include "tests/support/temporary_folder.h"

namespace poster::io {
namespace {

using Bytes = std::vector<std::uint8_t>;
using test::read_bytes;
using test::write_bytes;

const std::string kImages = POSTER_TEST_DATA "/images/";

int largest_difference(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
  if (a.size() != b.size()) return 256;
  int worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(int{a[i]} - int{b[i]}));
  return worst;
}

std::string reading_error(const std::string& path) {
  return test::message_of<Error>([&] { read_image(path); });
}

// One line that begins with the path and has the word in it.
void expect_reading_error(const std::string& path, const std::string& word) {
  const std::string message = reading_error(path);
  EXPECT_EQ(message.find(path + ": "), 0u) << message;
  EXPECT_NE(message.find(word), std::string::npos) << message << " lacks " << word;
  EXPECT_NE(message.find(';'), std::string::npos) << message << " doesn't say how to mend it";
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

TEST(ImageReader, JpegEqualsPillow) {
  const test::SafetensorsReader expected(kImages + "expected.safetensors");
  for (const char* name : {"wide.jpg", "tall.jpg", "small.jpg", "tiny.jpg", "exact.jpg"}) {
    const Image image = read_image(kImages + name);
    const std::string key = std::string(name) + ".decoded";
    EXPECT_EQ((std::vector<std::int64_t>{image.height, image.width, 3}), expected.shape(key)) << name;
    EXPECT_LE(largest_difference(image.rgb, expected.values<std::uint8_t>(key)), 1) << name;
  }
}

TEST(ImageReader, EveryKindOfPixelBecomesRgb) {
  const test::SafetensorsReader expected(kImages + "kinds/expected.safetensors");
  int seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kImages + "kinds")) {
    const std::string name = entry.path().filename();
    if (!has_image_extension(name)) continue;
    const Image image = read_image(entry.path());
    ASSERT_EQ((std::vector<std::int64_t>{image.height, image.width, 3}), expected.shape(name)) << name;
    const bool lossless = name.find(".jpg") == std::string::npos;
    EXPECT_LE(largest_difference(image.rgb, expected.values<std::uint8_t>(name)), lossless             ? 0
                                                                                  : name == "cmyk.jpg" ? 3
                                                                                                       : 1)
        << name;
    ++seen;
  }
  EXPECT_EQ(seen, 27);
}

// An Exif APP1 segment with the orientation alone, behind the SOI marker.
Bytes with_orientation(const Bytes& jpeg, int orientation, bool big_endian) {
  Bytes tiff =
      big_endian
          ? Bytes{'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}
          : Bytes{'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  tiff[big_endian ? 19 : 18] = static_cast<std::uint8_t>(orientation);
  Bytes result(jpeg.begin(), jpeg.begin() + 2);
  const std::size_t length = 2 + 6 + tiff.size();
  for (int byte : {0xFF, 0xE1, static_cast<int>(length >> 8), static_cast<int>(length & 255), int{'E'},
                   int{'x'}, int{'i'}, int{'f'}, 0, 0})
    result.push_back(static_cast<std::uint8_t>(byte));
  result.insert(result.end(), tiff.begin(), tiff.end());
  result.insert(result.end(), jpeg.begin() + 2, jpeg.end());
  return result;
}

TEST(ImageReader, AppliesTheExifOrientation) {
  const Bytes jpeg = read_bytes(kImages + "kinds/full_chroma.jpg");
  const Image stored = decode_image(jpeg, "stored");
  const int w = stored.width, h = stored.height;
  for (int orientation = 0; orientation <= 9; ++orientation) {
    for (bool big_endian : {false, true}) {
      const Image upright = decode_image(with_orientation(jpeg, orientation, big_endian), "upright");
      const bool transposed = orientation >= 5 && orientation <= 8;
      ASSERT_EQ(upright.width, transposed ? h : w);
      ASSERT_EQ(upright.height, transposed ? w : h);
      for (int row = 0; row < h; ++row) {
        for (int column = 0; column < w; ++column) {
          // EXIF 2.32: where the stored row 0 and column 0 belong.
          int x = column, y = row;
          if (orientation == 2) x = w - 1 - column;
          if (orientation == 3) x = w - 1 - column, y = h - 1 - row;
          if (orientation == 4) y = h - 1 - row;
          if (orientation == 5) x = row, y = column;
          if (orientation == 6) x = h - 1 - row, y = column;
          if (orientation == 7) x = h - 1 - row, y = w - 1 - column;
          if (orientation == 8) x = row, y = w - 1 - column;
          for (int c = 0; c < 3; ++c)
            ASSERT_EQ(upright.row(y)[3 * x + c], stored.row(row)[3 * column + c])
                << "orientation " << orientation;
        }
      }
    }
  }
}

TEST(ImageReader, SaysWhatIsWrongWithAFile) {
  const test::TemporaryFolder folder;
  expect_reading_error(folder / "missing.jpg", "no such image");
  std::filesystem::create_directory(folder / "folder.jpg");
  expect_reading_error(folder / "folder.jpg", "a folder");
  write_bytes(folder / "empty.png", {});
  expect_reading_error(folder / "empty.png", "empty");
  write_bytes(folder / "text.jpg", {'h', 'e', 'l', 'l', 'o', '\n'});
  expect_reading_error(folder / "text.jpg", "not an image");
  write_bytes(folder / "one.jpg", {0xFF});
  expect_reading_error(folder / "one.jpg", "not an image");
  for (const auto& [magic, format] :
       std::vector<std::pair<std::string, std::string>>{{"GIF89a", "GIF"},
                                                        {std::string("\0\0\0\x18", 4) + "ftypheic", "HEIC"},
                                                        {std::string("\0\0\0\x18", 4) + "ftypavif", "AVIF"},
                                                        {"8BPS", "Photoshop"},
                                                        {"P6\n2 2\n", "PNM"},
                                                        {"<svg ", "SVG"},
                                                        {"%PDF-1.4", "PDF"}}) {
    Bytes bytes(magic.begin(), magic.end());
    bytes.resize(100);
    write_bytes(folder / "other.jpg", bytes);
    expect_reading_error(folder / "other.jpg", format);
  }
}

TEST(ImageReader, RefusesEveryTruncation) {
  const test::TemporaryFolder folder;
  for (const char* name : {"rgb.png", "palette.png", "rgb.bmp", "palette.bmp", "lossy.webp", "lossless.webp",
                           "rgb.tif", "lzw.tif", "grey.tif", "grey.jpg", "progressive.jpg", "restarts.jpg"}) {
    const Bytes bytes = read_bytes(kImages + "kinds/" + name);
    const std::string path = folder / name;
    for (std::size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 40) {
      write_bytes(path, {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)});
      expect_reading_error(path, "");
      ASSERT_NE(reading_error(path), "") << name << " cut to " << size << " of " << bytes.size();
    }
  }
  const Bytes photo = read_bytes(kImages + "wide.jpg");
  write_bytes(folder / "photo.jpg", {photo.begin(), photo.begin() + 20000});
  expect_reading_error(folder / "photo.jpg", "ends early");
}

TEST(ImageReader, RefusesHugeClaimsBeforeDecoding) {
  Bytes png = read_bytes(kImages + "kinds/rgb.png");
  png[16] = 0x7F;  // the first byte of the width
  EXPECT_NE(test::message_of<Error>([&] { decode_image(png, "bomb.png"); }).find("limit"), std::string::npos);
  Bytes bmp = read_bytes(kImages + "kinds/rgb.bmp");
  bmp[21] = 0x70;
  EXPECT_NE(test::message_of<Error>([&] { decode_image(bmp, "bomb.bmp"); }), "nothing thrown");
}

// Damaged files give an error or an image of the size they claim, never a crash.
TEST(ImageReader, SurvivesFlippedBytes) {
  RandomStream random(7, RandomPurpose::test);
  for (const char* name : {"palette.png", "rgb.bmp", "lossy.webp", "lossless.webp", "rgb.tif", "lzw.tif",
                           "restarts.jpg", "progressive.jpg"}) {
    const Bytes original = read_bytes(kImages + "kinds/" + name);
    for (int trial = 0; trial < 60; ++trial) {
      Bytes bytes = original;
      for (int flip = 0; flip < 3; ++flip)
        bytes[random.below(bytes.size())] = static_cast<std::uint8_t>(random.bits());
      try {
        const Image image = decode_image(bytes, name);
        EXPECT_EQ(image.rgb.size(), static_cast<std::size_t>(image.width) * image.height * 3);
      } catch (const Error&) {
      }
    }
  }
}

TEST(ImageReader, WritesWhatItReads) {
  const test::TemporaryFolder folder;
  const Image image = read_image(kImages + "small.png");
  write_image(folder / "copy.PNG", image);
  EXPECT_EQ(read_image(folder / "copy.PNG"), image);
  write_image(folder / "copy.jpg", image);
  EXPECT_EQ(read_image(folder / "copy.jpg").width, image.width);
  EXPECT_THROW(write_image(folder / "copy.gif", image), Error);
  EXPECT_THROW(write_image(folder / "nowhere/copy.png", image), Error);
  EXPECT_THROW(write_image(folder / "none.png", Image()), Error);
}

}  // namespace
}  // namespace poster::io
