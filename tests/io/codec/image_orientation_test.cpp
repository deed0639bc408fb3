// Every orientation, of every decoder: what is stored in eight ways is the same upright image.
#include <gtest/gtest.h>

#include <algorithm>

#include "io/codec/image_reader.h"
#include "tests/support/image_files.h"
#include "tests/support/made_images.h"

namespace poster::io {
namespace {

using test::FileContent;
using test::TiffKind;

const Image kUpright = test::made_image(1, 37, 21);

TEST(ImageOrientation, OfTiffInStripsAndTiles) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const Image stored = test::stored_for(kUpright, orientation);
    for (const char* mode : {"wl", "wb", "wl8", "wb8"})
      for (const bool tiled : {false, true})
        for (const bool separate : {false, true})
          for (const int bits : {8, 16}) {
            const TiffKind kind{.mode = mode,
                                .compression = COMPRESSION_LZW,
                                .tiled = tiled,
                                .separate = separate,
                                .bits = bits,
                                .orientation = orientation};
            ASSERT_EQ(decode_image(test::made_tiff(stored, kind), "made"), kUpright)
                << orientation << mode << tiled << separate << bits;
          }
  }
}

// As for EXIF: writers that don't know it leave 0.
TEST(ImageOrientation, OfTiffThatIsNoneIsPassedOver) {
  const TiffKind kind{.mode = "wl"};
  const FileContent whole = test::made_tiff(kUpright, kind);
  for (const int orientation : {0, 9, 255}) {
    FileContent bytes = whole;
    const FileContent entry = {0x12, 0x01, 0x03, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x00};
    const auto at = std::search(bytes.begin(), bytes.end(), entry.begin(), entry.end());
    ASSERT_NE(at, bytes.end());
    at[8] = static_cast<FileContent::value_type>(orientation);
    EXPECT_EQ(decode_image(bytes, "made"), kUpright) << orientation;
  }
}

TEST(ImageOrientation, OfPngAndWebp) {
  for (int orientation = 0; orientation <= 9; ++orientation) {
    const bool known = orientation >= 1 && orientation <= 8;
    const Image stored = test::stored_for(kUpright, known ? orientation : 1);
    for (const bool big_endian : {false, true}) {
      const FileContent exif = test::exif_block(orientation, big_endian);
      const FileContent png = encode_image(stored, "made.png");
      EXPECT_EQ(decode_image(test::with_png_chunk(png, "eXIf", exif), "made"), kUpright) << orientation;
      const FileContent webp = test::made_webp(stored, true);
      EXPECT_EQ(decode_image(test::with_webp_exif(webp, stored, exif), "made"), kUpright) << orientation;
      FileContent prefixed = exif;  // as in a JPEG: some writers leave it before the block
      prefixed.insert(prefixed.begin(), {'E', 'x', 'i', 'f', 0, 0});
      EXPECT_EQ(decode_image(test::with_webp_exif(webp, stored, prefixed), "made"), kUpright) << orientation;
    }
  }
}

TEST(ImageOrientation, FilesOfOtherWriters) {
  const std::string folder = POSTER_TEST_DATA "/images/orientation/";
  const Image upright = read_image(folder + "o1.tif");
  EXPECT_EQ(upright.width, 32);
  EXPECT_EQ(upright.height, 24);
  for (const char* name : {"o2.tif", "o3.tif", "o4.tif", "o5.tif", "o6.tif", "o7.tif", "o8.tif", "o3.png"})
    EXPECT_EQ(read_image(folder + name), upright) << name;
}

}  // namespace
}  // namespace poster::io
