// Damaged images: an error, or exactly the pixels of the whole image. What no reader can tell is said in
// io/codec/image_reader.h and io/codec/jpeg_scans.h.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <optional>
#include <thread>

#include "engine/error.h"
#include "engine/random.h"
#include "io/codec/image_reader.h"
#include "tests/support/image_files.h"
#include "tests/support/made_images.h"

namespace poster::io {
namespace {

using test::FileContent;
using test::read_bytes;

const std::string kDamagedImages = POSTER_TEST_DATA "/images/";
const std::string kCorpus = POSTER_SOURCE_DIR "/tests/fuzz/corpus/image/";

std::string damage_error(const FileContent& bytes) {
  return test::message_of<Error>([&] { decode_image(bytes, "name"); });
}

// Nothing when it is refused.
std::optional<Image> image_of(const FileContent& bytes) {
  try {
    return decode_image(bytes, "name");
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    return std::nullopt;
  }
}

void expect_damage_error(const FileContent& bytes, const std::string& words) {
  const std::string message = damage_error(bytes);
  EXPECT_NE(message.find(words), std::string::npos) << message;
}

// Small files of every kind that is read.
std::vector<std::string> whole_files() {
  std::vector<std::string> paths;
  for (const std::string& folder : {kDamagedImages + "kinds", kDamagedImages + "orientation", kCorpus})
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      if (entry.path().extension() != ".safetensors") paths.push_back(entry.path());
  std::ranges::sort(paths);
  return paths;
}

FileContent cut(const FileContent& bytes, std::size_t size) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)};
}

std::size_t place_of(const FileContent& bytes, const std::string& text, std::size_t from = 0) {
  return static_cast<std::size_t>(
      std::search(bytes.begin() + static_cast<std::ptrdiff_t>(from), bytes.end(), text.begin(), text.end(),
                  [](std::uint8_t byte, char c) { return byte == static_cast<std::uint8_t>(c); }) -
      bytes.begin());
}

class ImageDamage : public testing::Test {
 protected:
  // Decoders have nothing to say on the terminal.
  void SetUp() override { testing::internal::CaptureStderr(); }
  void TearDown() override { EXPECT_EQ(testing::internal::GetCapturedStderr(), ""); }
};

TEST_F(ImageDamage, CutAnywhere) {
  int cuts = 0, refused = 0;
  for (const std::string& path : whole_files()) {
    const FileContent bytes = read_bytes(path);
    const Image whole = decode_image(bytes, path);
    for (std::size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 50) {
      const auto image = image_of(cut(bytes, size));
      // The last number of a text can be shorter, and nobody can tell; bytes behind the pixels needn't bear
      // on them.
      const bool text = path.find("/text.") != std::string::npos && size + 4 > bytes.size();
      EXPECT_TRUE(!image || text || *image == whole) << path << " cut to " << size;
      refused += !image;
      ++cuts;
    }
  }
  EXPECT_GE(refused, cuts * 49 / 50);
}

// An end marker behind a part of the file, as downloads and repair tools leave it.
TEST_F(ImageDamage, CutJpegsWithAnEndMarker) {
  expect_damage_error(read_bytes(kDamagedImages + "refused/half_with_end.jpg"),
                      "damaged JPEG file (pixels are missing)");
  for (const std::string& path : whole_files()) {
    if (!path.ends_with(".jpg") || path.find("arithmetic") != std::string::npos) continue;
    const FileContent bytes = read_bytes(path);
    for (std::size_t size = 2; size + 2 < bytes.size(); size += 1 + bytes.size() / 50) {
      FileContent damaged = cut(bytes, size);
      damaged.insert(damaged.end(), {0xFF, 0xD9});
      EXPECT_FALSE(image_of(damaged)) << path << " cut to " << size << " of " << bytes.size();
    }
  }
}

// Between two scans nothing is missing but detail, or the colours.
TEST_F(ImageDamage, CutJpegsWithScansMissing) {
  for (const std::string& path : {kDamagedImages + "kinds/progressive.jpg", kCorpus + "separate_scans.jpg"}) {
    const FileContent bytes = read_bytes(path);
    int scans = 0;
    for (std::size_t at = place_of(bytes, "\xFF\xDA"); at < bytes.size();
         at = place_of(bytes, "\xFF\xDA", at + 2), ++scans) {
      if (scans == 0) continue;
      FileContent damaged = cut(bytes, at);
      damaged.insert(damaged.end(), {0xFF, 0xD9});
      expect_damage_error(damaged, "damaged JPEG file (scans are missing)");
    }
    EXPECT_GE(scans, 3) << path;
  }
}

TEST_F(ImageDamage, EveryByteOfAPngIsUnderAChecksum) {
  RandomStream random(5, RandomPurpose::test);
  for (const char* name : {"kinds/rgb.png", "kinds/palette_transparent.png", "kinds/grey_alpha.png"}) {
    const FileContent bytes = read_bytes(kDamagedImages + name);
    const Image whole = decode_image(bytes, name);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      FileContent damaged = bytes;
      damaged[at] ^= static_cast<std::uint8_t>(1 + random.below(255));
      EXPECT_FALSE(image_of(damaged)) << name << " at " << at;
    }
  }
  // A text's checksum, too.
  FileContent text =
      test::with_png_chunk(read_bytes(kDamagedImages + "kinds/rgb.png"), "tEXt", {'a', 0, 'b'});
  EXPECT_TRUE(image_of(text));
  text[place_of(text, "tEXt") + 4] = 'c';
  expect_damage_error(text, "checksum");
}

// zlib's checksum and length, where those of the chunks are right.
TEST_F(ImageDamage, PngsWithMendedChecksums) {
  const FileContent bytes = read_bytes(kDamagedImages + "kinds/rgb.png");
  const auto with_data = [&](const FileContent& header, const FileContent& data) {
    FileContent png = cut(bytes, 8);
    for (const FileContent& chunk :
         {test::png_chunk("IHDR", header), test::png_chunk("IDAT", data), test::png_chunk("IEND", {})})
      png.insert(png.end(), chunk.begin(), chunk.end());
    return png;
  };
  const FileContent header(bytes.begin() + 16, bytes.begin() + 29);
  const std::size_t at = place_of(bytes, "IDAT");
  const std::size_t length = bytes[at - 1] + 256u * bytes[at - 2];
  const FileContent data(bytes.begin() + static_cast<std::ptrdiff_t>(at + 4),
                         bytes.begin() + static_cast<std::ptrdiff_t>(at + 4 + length));
  ASSERT_TRUE(image_of(with_data(header, data)));
  for (std::size_t size = 0; size < data.size(); ++size)
    EXPECT_FALSE(image_of(with_data(header, cut(data, size)))) << size;
  FileContent damaged = data;
  damaged.back() ^= 1;
  expect_damage_error(with_data(header, damaged), "damaged PNG file");
  FileContent longer = data;
  longer.insert(longer.end(), {1, 2, 3, 4});
  expect_damage_error(with_data(header, longer), "damaged PNG file");
  for (const std::size_t side : {std::size_t{3}, std::size_t{7}})
    for (const int change : {-1, 1}) {
      FileContent lie = header;
      lie[side] = static_cast<std::uint8_t>(lie[side] + change);
      EXPECT_FALSE(image_of(with_data(lie, data))) << side << change;
    }
  FileContent huge = header;
  huge[2] = huge[6] = 0x2C;  // 11,000 a side, within the limits
  expect_damage_error(with_data(huge, data), "pixels are missing");
}

TEST_F(ImageDamage, SizesThatLie) {
  for (const char* name : {"kinds/full_chroma.jpg", "kinds/grey.jpg", "kinds/restarts.jpg",
                           "kinds/progressive.jpg", "kinds/cmyk.jpg", "small.jpg"}) {
    const FileContent bytes = read_bytes(kDamagedImages + name);
    const std::size_t frame = std::min(place_of(bytes, "\xFF\xC0"), place_of(bytes, "\xFF\xC2"));
    ASSERT_LT(frame, bytes.size()) << name;
    for (const std::size_t side : {frame + 6, frame + 8})  // the lower bytes of height and width
      for (const int change : {-16, 16, 32}) {
        FileContent lie = bytes;
        if (lie[side] + change < 1 || lie[side] + change > 255) continue;
        lie[side] = static_cast<std::uint8_t>(lie[side] + change);
        EXPECT_FALSE(image_of(lie)) << name << side - frame << change;
      }
  }
  const Image image = test::made_image(1, 20, 12);
  const auto lies = [](FileContent bytes, std::size_t at, int change) {
    bytes[at] = static_cast<std::uint8_t>(bytes[at] + change);
    return bytes;
  };
  const FileContent bmp = read_bytes(kDamagedImages + "kinds/rgb.bmp");
  EXPECT_FALSE(image_of(lies(bmp, 22, 1)));
  EXPECT_FALSE(image_of(lies(bmp, 22, -1)));
  EXPECT_FALSE(image_of(lies(bmp, 18, 2)));
  const FileContent webp = test::with_webp_exif(test::made_webp(image, true), image, test::exif_block(1));
  ASSERT_TRUE(image_of(webp));
  EXPECT_FALSE(image_of(lies(webp, 24, 1)));
  EXPECT_FALSE(image_of(lies(webp, 27, -1)));
  const FileContent tiff = test::made_tiff(image, {});
  const std::size_t height = place_of(tiff, std::string("\x01\x01\x03\x00\x01\x00\x00\x00\x0C", 9)) + 8;
  ASSERT_LT(height, tiff.size());
  EXPECT_FALSE(image_of(lies(tiff, height, 4)));
  EXPECT_FALSE(image_of(lies(tiff, height, -8)));
  EXPECT_FALSE(image_of(lies(tiff, height, -1)));
  EXPECT_FALSE(image_of(lies(tiff, height - 12, -1)));  // the width
}

// No checksum tells, but the codes behind the place do.
TEST_F(ImageDamage, OverwrittenJpegs) {
  RandomStream random(6, RandomPurpose::test);
  int refused = 0, trials = 0;
  for (const char* name : {"small.jpg", "tall.jpg", "exact.jpg", "wide.jpg"}) {
    const FileContent bytes = read_bytes(kDamagedImages + name);
    const std::size_t begin = place_of(bytes, "\xFF\xDA") + 14;
    for (int trial = 0; trial < 100; ++trial, ++trials) {
      FileContent damaged = bytes;
      const std::size_t at = begin + random.below((bytes.size() - begin) * 9 / 10);
      for (std::size_t i = 0; i < 16; ++i) damaged[at + i] = static_cast<std::uint8_t>(random.below(256));
      refused += !image_of(damaged);
    }
  }
  EXPECT_GE(refused, trials * 93 / 100);
}

// An error on one line or an image, for every format; the libraries print nothing (TearDown).
TEST_F(ImageDamage, OverwrittenAnywhere) {
  RandomStream random(7, RandomPurpose::test);
  for (const std::string& path : whole_files()) {
    const FileContent bytes = read_bytes(path);
    for (int trial = 0; trial < 40; ++trial) {
      FileContent damaged = bytes;
      for (int i = 0; i < 3; ++i)
        damaged[random.below(bytes.size())] = static_cast<std::uint8_t>(random.below(256));
      const auto image = image_of(damaged);
      EXPECT_TRUE(!image || image->rgb.size() == std::size_t{3} * image->width * image->height);
    }
  }
}

// What whole files of cameras and programs show, and the pixels are the same.
TEST_F(ImageDamage, HonestOdditiesAreTolerated) {
  const FileContent jpeg = encode_image(test::made_image(2, 40, 24), "made.jpg");
  const Image whole = decode_image(jpeg, "made");
  const auto with = [&](std::size_t at, const FileContent& extra) {
    FileContent bytes = jpeg;
    bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), extra.begin(), extra.end());
    return bytes;
  };
  const std::size_t end = jpeg.size() - 2;
  EXPECT_EQ(image_of(with(end, FileContent(40, 0))), whole);          // zeros fill up
  EXPECT_EQ(image_of(with(end, FileContent(40, 0xFF))), whole);       // fill bytes
  EXPECT_EQ(image_of(with(jpeg.size(), {1, 2, 3, 0xFF, 4})), whole);  // a trailer
  EXPECT_EQ(image_of(with(place_of(jpeg, "\xFF\xDB"), {1, 2, 3})), whole);
  EXPECT_EQ(image_of(with(2, {0xFF, 0xFE, 0, 4, 'h', 'i'})), whole);  // a comment
  EXPECT_FALSE(image_of(with(end, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})));
  EXPECT_FALSE(image_of(with(end, {0x12})));

  const FileContent png = encode_image(test::made_image(3), "made.png");
  const Image upright = decode_image(png, "made");
  EXPECT_EQ(image_of(test::with_png_chunk(png, "iCCP", {'b', 'a', 'd', 0, 0, 1, 2})), upright);
  EXPECT_EQ(image_of(test::with_png_chunk(png, "gAMA", {0, 0, 1, 0})), upright);
  EXPECT_EQ(image_of(test::with_png_chunk(png, "eXIf", {1, 2, 3})), upright);
}

TEST_F(ImageDamage, ThreadsDecodeAtATime) {
  const std::vector<std::string> paths = whole_files();
  std::vector<Image> alone;
  for (const std::string& path : paths) alone.push_back(read_image(path));
  std::atomic<int> different{0};
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < 4; ++thread)
    threads.emplace_back([&, thread] {
      for (std::size_t i = 0; i < paths.size(); ++i) {
        const std::size_t at = (i + thread * paths.size() / 4) % paths.size();
        different += read_image(paths[at]) != alone[at];
        const FileContent bytes = read_bytes(paths[at]);
        different += image_of(cut(bytes, std::min<std::size_t>(60, bytes.size() / 2))).has_value();
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(different, 0);
}

TEST_F(ImageDamage, HostileFilesCostLittle) {
  // A scan more for every 10 bytes.
  FileContent jpeg = read_bytes(kDamagedImages + "kinds/progressive.jpg");
  const std::size_t last = place_of(jpeg, "\xFF\xD9");
  const std::size_t scan = place_of(jpeg, "\xFF\xDA");
  const FileContent header(jpeg.begin() + static_cast<std::ptrdiff_t>(scan),
                           jpeg.begin() + static_cast<std::ptrdiff_t>(scan + 2 + jpeg[scan + 3]));
  for (int i = 0; i < 600; ++i)
    jpeg.insert(jpeg.begin() + static_cast<std::ptrdiff_t>(last), header.begin(), header.end());
  expect_damage_error(jpeg, "more than 500 scans");

  // 30,000 x 4,000 pixels of 2 kB.
  FileContent wide = read_bytes(kDamagedImages + "small.jpg");
  const std::size_t frame = place_of(wide, "\xFF\xC0");
  wide[frame + 5] = 0x0F;
  wide[frame + 7] = 0x75;
  expect_damage_error(wide, "damaged JPEG file");
}

}  // namespace
}  // namespace poster::io
