// Reads images from files or memory and writes them.
//
// JPEG, PNG, BMP, WebP, TIFF and netpbm (PBM, PGM, PPM), told by content, not by name; other formats are
// refused by name. Every kind of pixel becomes 8-bit RGB: grey is repeated, palettes are looked up, 16 bits
// keep their upper byte (netpbm's values, whose white is any number, are rounded), alpha is dropped (as
// Pillow's convert("RGB") does). The orientation (EXIF, or TIFF's tag) is applied: the image is upright.
//
// Damaged images are refused: nothing is filled in for what is missing. What each format lets
// a reader know:
//   PNG            every byte is under a checksum
//   JPEG           io/codec/jpeg_decoder.cpp: missing and left-over data, codes that don't exist
//   WebP           missing data; lossless also codes that don't exist
//   TIFF           missing data, and what its compression tells (Deflate has a checksum)
//   BMP, netpbm    missing data; run lengths that don't fit
// A byte of an image that is stored without a checksum can be another one, and no reader can tell.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/format/image_listing.h"  // has_image_extension
#include "io/image/image.h"

namespace poster::io {

// Larger images are refused before they are decoded: a small file can claim to be any size.
inline constexpr std::int64_t kMaxImageSide = 32768;
inline constexpr std::int64_t kMaxImagePixels = std::int64_t{128} << 20;
inline constexpr std::int64_t kMaxImageFileBytes = std::int64_t{1} << 30;

// Throws poster::Error, one line that begins with the path and says how to mend it: a missing file, a folder,
// an empty file, one that ends early, a damaged one, another format or kind, or one beyond the caps or the
// memory that is left. Threads may read at a time; nothing is written to the terminal.
Image read_image(const std::string& path);

// The same from memory (an entry of an archive); `name` stands for the path in errors.
Image decode_image(std::span<const std::uint8_t> bytes, const std::string& name);

// A JPEG (quality 95) or PNG file's bytes, by the extension of `name`, which also stands in errors. Throws
// poster::Error.
std::vector<std::uint8_t> encode_image(const Image& image, const std::string& name);

// The same into a file, which is the old one or the whole new one whatever happens (io/format/atomic_file.h).
void write_image(const std::string& path, const Image& image);

}  // namespace poster::io
