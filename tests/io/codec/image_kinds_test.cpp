// Kinds of images: those that are read, to the last pixel, and those that are refused by name.
#include <gtest/gtest.h>

#include "engine/error.h"
#include "io/codec/image_reader.h"
#include "tests/support/image_files.h"
#include "tests/support/made_images.h"

namespace poster::io {
namespace {

using test::FileContent;
using test::TiffKind;

const std::string kRefused = POSTER_TEST_DATA "/images/refused/";

std::string error_of(const FileContent& bytes) {
  return test::message_of<Error>([&] { decode_image(bytes, "name"); });
}
FileContent bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

// By kind, with a remedy, and never as damaged: the file is whole.
void expect_unsupported(const std::string& message, const std::string& kind) {
  EXPECT_NE(message.find(kind + " is not supported; "), std::string::npos) << message;
  EXPECT_EQ(message.find("damaged"), std::string::npos) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

TEST(ImageKinds, TiffOfEveryLayout) {
  const Image image = test::made_image(2, 37, 21);
  for (const int compression :
       {COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_PACKBITS, COMPRESSION_ADOBE_DEFLATE})
    for (const bool tiled : {false, true})
      for (const bool separate : {false, true})
        for (const int extra :
             {-1, EXTRASAMPLE_ASSOCALPHA, EXTRASAMPLE_UNASSALPHA, EXTRASAMPLE_UNSPECIFIED}) {
          const TiffKind kind{
              .compression = compression, .tiled = tiled, .separate = separate, .extra_samples = extra};
          ASSERT_EQ(decode_image(test::made_tiff(image, kind), "made"), image)
              << compression << tiled << separate << extra;
        }
}

TEST(ImageKinds, NetpbmAsPillowReadsIt) {
  const auto pixels = [](const std::string& text) { return decode_image(bytes_of(text), "name").rgb; };
  const std::vector<std::uint8_t> black_white = {0, 0, 0, 255, 255, 255};
  EXPECT_EQ(pixels("P1 2 1 1 0"), black_white);
  EXPECT_EQ(pixels("P1\n# a comment\n2 # another\n1\n10\n"), black_white);
  EXPECT_EQ(pixels("P4\n2 1\n\x80"), black_white);
  EXPECT_EQ(pixels("P2\n2 1\n7\n0 7\n"), black_white);
  EXPECT_EQ(pixels(std::string("P5 2 1 255 ") + '\0' + '\xFF'), black_white);
  EXPECT_EQ(pixels("P3 1 1 255 1 2 3"), (std::vector<std::uint8_t>{1, 2, 3}));
  EXPECT_EQ(pixels("P6 1 1 255\n\x01\x02\x03"), (std::vector<std::uint8_t>{1, 2, 3}));
  // Values of two bytes, the nearest of 255.
  EXPECT_EQ(pixels(std::string("P6 1 1 1023\n\x00\x00\x02\x00\x03\xFF", 18)),
            (std::vector<std::uint8_t>{0, 128, 255}));
  EXPECT_EQ(pixels(std::string("P5 1 1 65535\n\x80\x80", 15)), (std::vector<std::uint8_t>{128, 128, 128}));
  // 2.5 and 7.5 of 255: halves go to the even number.
  EXPECT_EQ(pixels("P3 1 1 102 1 3 102"), (std::vector<std::uint8_t>{2, 8, 255}));

  for (const char* text : {"P1 2 1 1", "P1 2 1", "P2 2 1 7 0", "P3 1 1 255 1 2", "P6 1 1 255\n\x01\x02",
                           "P6 1 1", "P5 2 2 255\n\x01\x02\x03", "P4 9 1\n\x80"})
    EXPECT_NE(error_of(bytes_of(text)).find("ends early"), std::string::npos)
        << text << error_of(bytes_of(text));
  for (const char* text : {"P2 1 1 7 8", "P5 1 1 7 \x08", "P2 1 1 0 0", "P2 1 1 70000 1", "P3 1 1 255 1 2 x",
                           "P6 1 1 255\n\x01\x02\x03P6", "P2 1 1 7 1 1", "P5 0 1 255 \x01",
                           "P5 99999999 1 255 \x01", "P2 1 1 7 -1"})
    EXPECT_NE(error_of(bytes_of(text)).find("damaged PNM"), std::string::npos)
        << text << error_of(bytes_of(text));
}

// A BMP header of 40 bytes, with what follows it.
FileContent made_bmp(int width, int height, int bits, int compression, const FileContent& rest, int palette) {
  FileContent bytes = {'B', 'M'};
  const auto offset = static_cast<std::uint64_t>(54 + 4 * palette + (compression == 3 ? 12 : 0));
  for (const std::uint64_t word :
       {std::uint64_t{54} + rest.size(), std::uint64_t{0}, offset, std::uint64_t{40},
        static_cast<std::uint64_t>(width), static_cast<std::uint64_t>(height),
        static_cast<std::uint64_t>(1 | bits << 16), static_cast<std::uint64_t>(compression), std::uint64_t{0},
        std::uint64_t{0}, std::uint64_t{0}, static_cast<std::uint64_t>(palette), std::uint64_t{0}})
    test::append_number(bytes, word, 4, false);
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  return bytes;
}

TEST(ImageKinds, BmpOfRunLengthsAndMasks) {
  // Blue, green, red, nothing: red and green; then two rows, the lower one first.
  const FileContent palette = {0, 0, 255, 0, 0, 255, 0, 0};
  const auto with_palette = [&](FileContent runs) {
    runs.insert(runs.begin(), palette.begin(), palette.end());
    return runs;
  };
  const std::vector<std::uint8_t> expected = {255, 0,   0, 255, 0, 0, 255, 0,   0,
                                              0,   255, 0, 255, 0, 0, 0,   255, 0};
  // Three reds; end of row; green, red, green as they are, filled up; end.
  const FileContent runs8 = with_palette({0, 3, 1, 0, 1, 0, 0, 0, 3, 0, 0, 1});
  EXPECT_EQ(decode_image(made_bmp(3, 2, 8, 1, runs8, 2), "made").rgb, expected);
  const FileContent runs4 = with_palette({0, 3, 0x10, 0x10, 0, 0, 3, 0x00, 0, 1});
  EXPECT_EQ(decode_image(made_bmp(3, 2, 4, 2, runs4, 2), "made").rgb, expected);
  for (const FileContent& bad : {FileContent{0, 3, 1, 0, 1, 0, 0, 0, 2, 0},
                                 FileContent{0, 3, 1, 0, 1, 0, 0, 0}, FileContent{0, 3, 1, 0, 1, 0, 0, 1},
                                 FileContent{4, 0, 0, 0, 3, 0, 0, 1}, FileContent{0, 2, 9, 9, 0, 1}})
    EXPECT_NE(error_of(made_bmp(3, 2, 8, 1, with_palette(bad), 2)), "nothing thrown");

  // 5, 6 and 5 bits: full red, full green, half blue.
  const FileContent masks = {0x00, 0xF8, 0,    0,    0xE0, 0x07, 0,    0,    0x1F, 0,
                             0,    0,    0x00, 0xF8, 0xE0, 0x07, 0x10, 0x00, 0,    0};
  EXPECT_EQ(decode_image(made_bmp(3, 1, 16, 3, masks, 0), "made").rgb,
            (std::vector<std::uint8_t>{255, 0, 0, 0, 255, 0, 0, 0, 131}));
  // Red lowest.
  const FileContent wide = {0xFF, 0, 0, 0, 0, 0xFF, 0, 0, 0, 0, 0xFF, 0, 1, 2, 3, 4};
  EXPECT_EQ(decode_image(made_bmp(1, 1, 32, 3, wide, 0), "made").rgb, (std::vector<std::uint8_t>{1, 2, 3}));
  expect_unsupported(error_of(made_bmp(1, 1, 24, 4, wide, 0)), "this compression of BMP (number 4)");
}

TEST(ImageKinds, WholeFilesThatAreNotReadAreRefusedByName) {
  const std::string float32 = test::message_of<Error>([] { read_image(kRefused + "float32.tif"); });
  EXPECT_NE(float32.find(": 32-bit samples are not supported; convert it to 8 or 16 bits"), std::string::npos)
      << float32;
  expect_unsupported(test::message_of<Error>([] { read_image(kRefused + "lossless.jpg"); }), "lossless JPEG");

  const FileContent jpeg = encode_image(test::made_image(3), "made.jpg");
  std::size_t frame = 0;
  while (jpeg[frame] != 0xFF || jpeg[frame + 1] != 0xC0) ++frame;
  const auto changed = [&](std::size_t at, int value) {
    FileContent bytes = jpeg;
    bytes[frame + at] = static_cast<std::uint8_t>(value);
    return error_of(bytes);
  };
  expect_unsupported(changed(1, 0xC3), "lossless JPEG");
  expect_unsupported(changed(1, 0xC5), "hierarchical JPEG");
  expect_unsupported(changed(1, 0xF7), "JPEG-LS");
  expect_unsupported(changed(4, 12), "12-bit JPEG");

  const Image image = test::made_image(4);
  expect_unsupported(error_of(test::made_tiff(image, {}, 2)), "a TIFF of several pages");
  const FileContent png = encode_image(image, "made.png");
  expect_unsupported(error_of(test::with_png_chunk(png, "acTL", {0, 0, 0, 2, 0, 0, 0, 0})), "animated PNG");
  EXPECT_EQ(decode_image(test::with_png_chunk(png, "acTL", {0, 0, 0, 1, 0, 0, 0, 0}), "made"), image);
  FileContent webp = test::with_webp_exif(test::made_webp(image, true), image, test::exif_block(1));
  webp[20] |= 2;
  expect_unsupported(error_of(webp), "animated WebP");

  for (const auto& [magic, kind] : std::vector<std::pair<std::string, std::string>>{
           {"GIF89a", "GIF"},
           {std::string("\0\0\0\x18", 4) + "ftypheic", "HEIC"},
           {std::string("\0\0\0\x18", 4) + "ftypavif", "AVIF"},
           {std::string("\0\0\0\x18", 4) + "ftypcrx ", "camera raw (CR3)"},
           {std::string("\0\0\0\x0CJXL ", 8), "JPEG XL"},
           {"\xFF\x0A", "JPEG XL"},
           {std::string("\0\0\0\x0CjP  ", 8), "JPEG 2000"},
           {"8BPS", "Photoshop (PSD)"},
           {"%!PS", "PostScript"},
           {"FUJIFILMCCD-RAW", "camera raw (RAF)"},
           {"P7\n", "PAM"},
           {"Pf\n", "PFM"}}) {
    FileContent bytes = bytes_of(magic);
    bytes.resize(100);
    expect_unsupported(error_of(bytes), kind);
  }
}

}  // namespace
}  // namespace poster::io
