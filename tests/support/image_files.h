// Image files of many kinds for tests, written by the formats' own libraries.
#pragma once

#include <libdeflate.h>
#include <tiffio.h>
#include <webp/encode.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "io/image/image.h"
#include "tests/support/temporary_folder.h"

namespace poster::test {

using FileContent = std::vector<std::uint8_t>;

// An EXIF block with the orientation alone.
inline FileContent exif_block(int orientation, bool big_endian = false) {
  const auto value = static_cast<std::uint8_t>(orientation);
  if (big_endian)
    return {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, value, 0, 0, 0, 0, 0, 0};
  return {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, value, 0, 0, 0, 0, 0, 0, 0};
}

inline void append_number(FileContent& bytes, std::uint64_t value, int count, bool big_endian) {
  for (int i = 0; i < count; ++i)
    bytes.push_back(static_cast<std::uint8_t>(value >> 8 * (big_endian ? count - 1 - i : i)));
}

inline FileContent png_chunk(const std::string& type, const FileContent& data) {
  FileContent chunk;
  append_number(chunk, data.size(), 4, true);
  chunk.insert(chunk.end(), type.begin(), type.end());
  chunk.insert(chunk.end(), data.begin(), data.end());
  append_number(chunk, libdeflate_crc32(0, chunk.data() + 4, chunk.size() - 4), 4, true);
  return chunk;
}

// The PNG file with another chunk behind its header.
inline FileContent with_png_chunk(FileContent png, const std::string& type, const FileContent& data) {
  const FileContent chunk = png_chunk(type, data);
  png.insert(png.begin() + 33, chunk.begin(), chunk.end());
  return png;
}

inline FileContent made_webp(const io::Image& image, bool lossless) {
  std::uint8_t* output = nullptr;
  const std::size_t size =
      lossless ? WebPEncodeLosslessRGB(image.rgb.data(), image.width, image.height, 3 * image.width, &output)
               : WebPEncodeRGB(image.rgb.data(), image.width, image.height, 3 * image.width, 90, &output);
  FileContent bytes(output, output + size);
  WebPFree(output);
  return bytes;
}

// The simple WebP file as an extended one, with an EXIF chunk behind the image.
inline FileContent with_webp_exif(const FileContent& simple, const io::Image& image,
                                  const FileContent& exif) {
  FileContent bytes = {'R', 'I', 'F', 'F', 0, 0, 0, 0, 'W', 'E', 'B', 'P', 'V', 'P', '8', 'X'};
  append_number(bytes, 10, 4, false);
  append_number(bytes, 8, 4, false);  // flags: EXIF
  append_number(bytes, static_cast<std::uint64_t>(image.width - 1), 3, false);
  append_number(bytes, static_cast<std::uint64_t>(image.height - 1), 3, false);
  bytes.insert(bytes.end(), simple.begin() + 12, simple.end());
  for (const char c : {'E', 'X', 'I', 'F'}) bytes.push_back(static_cast<std::uint8_t>(c));
  append_number(bytes, exif.size(), 4, false);
  bytes.insert(bytes.end(), exif.begin(), exif.end());
  const std::size_t size = bytes.size() - 8;
  for (std::size_t i = 0; i < 4; ++i) bytes[4 + i] = static_cast<std::uint8_t>(size >> 8 * i);
  return bytes;
}

struct TiffKind {
  const char* mode = "wl";  // libtiff's: l and b for the order of bytes, 8 for BigTIFF
  int compression = COMPRESSION_NONE;
  bool tiled = false, separate = false;
  int bits = 8;            // 8 or 16
  int extra_samples = -1;  // EXTRASAMPLE_* of a fourth sample, or none
  int orientation = 1;
};

// The image as a TIFF file. 16 bits have it in the upper byte; a fourth sample is 77 everywhere.
inline FileContent made_tiff(const io::Image& image, const TiffKind& kind, int pages = 1) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "made.tif";
  TIFF* const tiff = TIFFOpen(path.c_str(), kind.mode);
  if (tiff == nullptr) throw std::runtime_error("TIFFOpen failed");
  const int samples = kind.extra_samples >= 0 ? 4 : 3, width = image.width, height = image.height;
  const int bytes = kind.bits / 8, block = kind.tiled ? 16 : width, rows = kind.tiled ? 16 : 5;
  for (int page = 0; page < pages; ++page) {
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, width);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, height);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, kind.bits);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, samples);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_RGB);
    TIFFSetField(tiff, TIFFTAG_COMPRESSION, kind.compression);
    TIFFSetField(tiff, TIFFTAG_ORIENTATION, kind.orientation);
    TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, kind.separate ? PLANARCONFIG_SEPARATE : PLANARCONFIG_CONTIG);
    if (samples == 4) {
      const auto extra = static_cast<std::uint16_t>(kind.extra_samples);
      TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, 1, &extra);
    }
    if (kind.tiled) {
      TIFFSetField(tiff, TIFFTAG_TILEWIDTH, block);
      TIFFSetField(tiff, TIFFTAG_TILELENGTH, rows);
    } else {
      TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, rows);
    }
    for (int plane = 0; plane < (kind.separate ? samples : 1); ++plane)
      for (int top = 0; top < height; top += rows)
        for (int left = 0; left < width; left += block) {
          FileContent data;
          const int last = kind.tiled ? top + rows : std::min(top + rows, height);
          for (int y = top; y < last; ++y)
            for (int x = left; x < left + block; ++x)
              for (int s = 0; s < samples; ++s) {
                if (kind.separate && s != plane) continue;
                const bool inside = x < width && y < height;
                const std::uint8_t value = !inside ? 0 : s == 3 ? 77 : image.row(y)[3 * x + s];
                // libtiff takes two bytes in this machine's order, and puts them into the file's.
                if (bytes == 2)
                  append_number(data, value * 256 + 3, 2, std::endian::native == std::endian::big);
                else
                  data.push_back(value);
              }
          const auto size = static_cast<tmsize_t>(data.size());
          const bool written =
              kind.tiled ? TIFFWriteEncodedTile(tiff,
                                                TIFFComputeTile(tiff, static_cast<std::uint32_t>(left),
                                                                static_cast<std::uint32_t>(top), 0,
                                                                static_cast<std::uint16_t>(plane)),
                                                data.data(), size) == size
                         : TIFFWriteEncodedStrip(tiff,
                                                 TIFFComputeStrip(tiff, static_cast<std::uint32_t>(top),
                                                                  static_cast<std::uint16_t>(plane)),
                                                 data.data(), size) == size;
          if (!written) throw std::runtime_error("libtiff doesn't write");
        }
    TIFFWriteDirectory(tiff);
  }
  TIFFClose(tiff);
  return read_bytes(path);
}

}  // namespace poster::test
