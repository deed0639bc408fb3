#include "io/image_header.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

#include "engine/error.h"

namespace poster::io {
namespace {

using Bytes = std::span<const std::uint8_t>;

class Inspector {
 public:
  Inspector(Bytes bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  ImageHeader inspect();

 private:
  [[noreturn]] void cut_off(const char* format) const {
    throw Error(name_ + ": the " + format + " file ends early (" + std::to_string(bytes_.size()) +
                " bytes); fetch or export it again, or delete it");
  }
  [[noreturn]] void damaged(const char* format, const char* what) const {
    throw Error(name_ + ": damaged " + format + " file (" + what +
                "); fetch or export it again, or delete it");
  }
  [[noreturn]] void refuse(const char* format) const {
    throw Error(name_ + ": " + format + " is not supported; convert it to JPEG, PNG, BMP, WebP or TIFF");
  }
  bool starts_with(std::string_view magic, std::size_t at = 0) const {
    return bytes_.size() >= at + magic.size() &&
           std::memcmp(bytes_.data() + at, magic.data(), magic.size()) == 0;
  }
  std::uint32_t big(std::size_t at, int count) const {
    std::uint32_t value = 0;
    for (int i = 0; i < count; ++i) value = value << 8 | bytes_[at + i];
    return value;
  }
  std::uint32_t little(std::size_t at, int count) const {
    std::uint32_t value = 0;
    for (int i = count; i-- > 0;) value = value << 8 | bytes_[at + i];
    return value;
  }

  void refuse_other_formats() const;
  ImageHeader jpeg() const;
  std::size_t after_scan(std::size_t at) const;
  ImageHeader png() const;
  ImageHeader bmp() const;
  ImageHeader webp() const;
  ImageHeader tiff() const;

  Bytes bytes_;
  const std::string& name_;
};

// One image file directory of a TIFF structure, which is what TIFF files and EXIF blocks are made of.
class Directory {
 public:
  struct Entry {
    std::uint16_t tag = 0, type = 0;
    std::uint32_t count = 0;
    std::size_t data = 0;  // where its values lie
  };

  // False when the structure doesn't hold together.
  bool open(Bytes bytes) {
    bytes_ = bytes;
    if (bytes.size() < 8) return false;
    big_endian_ = bytes[0] == 'M';
    if (bytes[0] != bytes[1] || (bytes[0] != 'I' && bytes[0] != 'M') || read(2, 2) != 42) return false;
    const std::size_t at = read(4, 4);
    if (at + 2 > bytes.size()) return false;
    const std::size_t count = read(at, 2);
    if (at + 2 + count * 12 > bytes.size()) return false;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t place = at + 2 + i * 12;
      Entry entry{static_cast<std::uint16_t>(read(place, 2)), static_cast<std::uint16_t>(read(place + 2, 2)),
                  read(place + 4, 4), place + 8};
      const std::uint64_t size = static_cast<std::uint64_t>(type_size(entry.type)) * entry.count;
      if (size > 4) entry.data = read(place + 8, 4);
      if (size == 0 || entry.data + size > bytes.size()) continue;  // not an integer, or out of bounds
      entries_.push_back(entry);
    }
    return true;
  }

  const Entry* find(std::uint16_t tag) const {
    for (const Entry& entry : entries_)
      if (entry.tag == tag) return &entry;
    return nullptr;
  }
  std::uint32_t value(const Entry& entry, std::uint32_t i) const {
    const int size = type_size(entry.type);
    return read(entry.data + std::size_t{i} * size, size);
  }
  std::uint32_t value_or(std::uint16_t tag, std::uint32_t otherwise) const {
    const Entry* entry = find(tag);
    return entry ? value(*entry, 0) : otherwise;
  }

 private:
  // Unsigned integers alone: BYTE, SHORT, LONG.
  static int type_size(std::uint16_t type) { return type == 1 ? 1 : type == 3 ? 2 : type == 4 ? 4 : 0; }
  std::uint32_t read(std::size_t at, int count) const {
    std::uint32_t value = 0;
    for (int i = 0; i < count; ++i) value = value << 8 | bytes_[at + (big_endian_ ? i : count - 1 - i)];
    return value;
  }

  Bytes bytes_;
  bool big_endian_ = false;
  std::vector<Entry> entries_;
};

constexpr std::uint16_t kTagWidth = 256, kTagHeight = 257, kTagOrientation = 274, kTagExtraSamples = 338;
constexpr std::uint16_t kTagStripOffsets = 273, kTagStripSizes = 279, kTagTileOffsets = 324,
                        kTagTileSizes = 325;

// A broken EXIF block is no reason to refuse the picture: it then counts as upright, as everywhere else.
int exif_orientation(Bytes exif) {
  Directory directory;
  if (!directory.open(exif)) return 1;
  const std::uint32_t orientation = directory.value_or(kTagOrientation, 1);
  return orientation >= 1 && orientation <= 8 ? static_cast<int>(orientation) : 1;
}

ImageHeader Inspector::inspect() {
  if (starts_with("\xFF\xD8\xFF")) return jpeg();
  if (starts_with("\x89PNG\r\n\x1A\n")) return png();
  if (starts_with("BM")) return bmp();
  if (starts_with("RIFF") && starts_with("WEBP", 8)) return webp();
  if (starts_with({"II*\0", 4}) || starts_with({"MM\0*", 4})) return tiff();
  refuse_other_formats();
  throw Error(name_ + ": not a picture (JPEG, PNG, BMP, WebP or TIFF); replace or delete it");
}

void Inspector::refuse_other_formats() const {
  if (starts_with("GIF87a") || starts_with("GIF89a")) refuse("GIF");
  if (starts_with("ftyp", 4)) {
    if (starts_with("avi", 8)) refuse("AVIF");
    if (starts_with("hei", 8) || starts_with("hev", 8) || starts_with("mif1", 8) || starts_with("msf1", 8))
      refuse("HEIC");
    refuse("video (MP4 or QuickTime)");
  }
  if (starts_with({"\0\0\0\x0CjP  ", 8}) || starts_with("\xFF\x4F\xFF\x51")) refuse("JPEG 2000");
  if (starts_with({"\0\0\0\x0CJXL ", 8}) || starts_with("\xFF\x0A")) refuse("JPEG XL");
  if (starts_with({"II+\0", 4}) || starts_with({"MM\0+", 4})) refuse("BigTIFF");
  if (starts_with("8BPS")) refuse("Photoshop (PSD)");
  if (starts_with("\x76\x2F\x31\x01")) refuse("OpenEXR");
  if (starts_with("#?RADIANCE") || starts_with("#?RGBE")) refuse("Radiance HDR");
  if (starts_with("\x59\xA6\x6A\x95")) refuse("Sun raster");
  if (starts_with({"\0\0\1\0", 4})) refuse("ICO");
  if (starts_with("%PDF")) refuse("PDF");
  if (starts_with("<svg") || starts_with("<?xml")) refuse("SVG");
  if (bytes_.size() > 2 && bytes_[0] == 'P' && bytes_[1] >= '1' && bytes_[1] <= '7' &&
      (bytes_[2] == '\n' || bytes_[2] == ' ' || bytes_[2] == '\r'))
    refuse("PNM");
}

// Where the entropy-coded data that begins at `at` ends: the next marker that is neither a stuffed byte nor a
// restart. The size of the file when there is none.
std::size_t Inspector::after_scan(std::size_t at) const {
  while (at < bytes_.size()) {
    const void* found = std::memchr(bytes_.data() + at, 0xFF, bytes_.size() - at);
    if (!found) return bytes_.size();
    at = static_cast<const std::uint8_t*>(found) - bytes_.data();
    if (at + 1 >= bytes_.size()) return bytes_.size();
    const std::uint8_t next = bytes_[at + 1];
    if (next != 0x00 && next != 0xFF && (next < 0xD0 || next > 0xD7)) return at;
    at += next == 0xFF ? 1 : 2;
  }
  return bytes_.size();
}

// ITU T.81, annex B. Walks all markers to the end of the image: decoders fill what is missing with grey.
ImageHeader Inspector::jpeg() const {
  ImageHeader header{.format = ImageFormat::jpeg};
  bool scanned = false, exif_seen = false;
  std::size_t at = 2;
  for (;;) {
    while (at < bytes_.size() && bytes_[at] != 0xFF) ++at;
    while (at < bytes_.size() && bytes_[at] == 0xFF) ++at;
    if (at >= bytes_.size()) cut_off("JPEG");
    const std::uint8_t marker = bytes_[at++];
    if (marker == 0xD9) break;
    if (marker == 0x00 || marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) continue;
    if (at + 2 > bytes_.size()) cut_off("JPEG");
    const std::size_t length = big(at, 2);
    if (length < 2) damaged("JPEG", "a segment without a length");
    if (at + length > bytes_.size()) cut_off("JPEG");
    const bool frame = marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (frame) {
      if (length < 8) damaged("JPEG", "a short frame header");
      if (header.width != 0) damaged("JPEG", "two frame headers");
      header.height = big(at + 3, 2);
      header.width = big(at + 5, 2);
    } else if (marker == 0xE1 && !exif_seen && length >= 8 && starts_with({"Exif\0\0", 6}, at + 2)) {
      header.orientation = exif_orientation(bytes_.subspan(at + 8, length - 8));
      exif_seen = true;
    }
    at += length;
    if (marker == 0xDA) {
      at = after_scan(at);
      scanned = true;
    }
  }
  if (header.width == 0 || !scanned) damaged("JPEG", "no picture in it");
  return header;
}

// PNG specification (third edition), section 5: chunks up to IEND.
ImageHeader Inspector::png() const {
  ImageHeader header{.format = ImageFormat::png};
  std::size_t at = 8;
  bool pixels = false;
  for (;;) {
    if (at + 12 > bytes_.size()) cut_off("PNG");
    const std::size_t length = big(at, 4);
    if (length > bytes_.size() - at - 12) cut_off("PNG");
    if (at == 8) {
      if (!starts_with("IHDR", at + 4) || length != 13) damaged("PNG", "no header chunk");
      header.width = big(at + 8, 4);
      header.height = big(at + 12, 4);
    } else if (starts_with("eXIf", at + 4)) {
      header.orientation = exif_orientation(bytes_.subspan(at + 8, length));
    } else if (starts_with("IDAT", at + 4)) {
      pixels = true;
    } else if (starts_with("IEND", at + 4)) {
      break;
    }
    at += 12 + length;
  }
  if (!pixels) damaged("PNG", "no picture in it");
  return header;
}

// BITMAPCOREHEADER (12 bytes) or BITMAPINFOHEADER and its successors.
ImageHeader Inspector::bmp() const {
  ImageHeader header{.format = ImageFormat::bmp};
  if (bytes_.size() < 30) cut_off("BMP");
  const std::uint32_t size = little(14, 4);
  std::int64_t bits = 0;
  bool packed = true;  // rows of a fixed length
  if (size == 12) {
    header.width = little(18, 2);
    header.height = little(20, 2);
    bits = little(24, 2);
  } else {
    if (size < 40 || size > 256) damaged("BMP", "an unknown header");
    if (bytes_.size() < 54) cut_off("BMP");
    header.width = static_cast<std::int32_t>(little(18, 4));
    header.height = static_cast<std::int32_t>(little(22, 4));
    header.height = header.height < 0 ? -header.height : header.height;  // negative: rows from the top
    bits = little(28, 2);
    packed = little(30, 4) == 0 || little(30, 4) == 3;
  }
  if (bits < 1 || bits > 32 || header.width <= 0 || header.height <= 0) damaged("BMP", "a senseless header");
  const std::int64_t row = (header.width * bits + 31) / 32 * 4;
  if (packed && static_cast<double>(little(10, 4)) + static_cast<double>(row) * header.height > bytes_.size())
    cut_off("BMP");
  return header;
}

// WebP container specification: RIFF chunks; VP8 (RFC 6386), VP8L or VP8X tells the size.
ImageHeader Inspector::webp() const {
  ImageHeader header{.format = ImageFormat::webp};
  const std::uint64_t end = std::uint64_t{little(4, 4)} + 8;
  if (end > bytes_.size() || bytes_.size() < 30) cut_off("WebP");
  for (std::uint64_t at = 12; at + 8 <= end;) {
    const std::uint64_t length = little(at + 4, 4), data = at + 8;
    if (data + length > end) cut_off("WebP");
    if (starts_with("VP8X", at) && length >= 10) {
      if (bytes_[data] & 2) refuse("animated WebP");
      header.width = little(data + 4, 3) + 1;
      header.height = little(data + 7, 3) + 1;
    } else if (starts_with("VP8L", at) && length >= 5 && header.width == 0) {
      const std::uint32_t bits = little(data + 1, 4);
      header.width = (bits & 0x3FFF) + 1;
      header.height = (bits >> 14 & 0x3FFF) + 1;
    } else if (starts_with("VP8 ", at) && length >= 10 && header.width == 0) {
      header.width = little(data + 6, 2) & 0x3FFF;
      header.height = little(data + 8, 2) & 0x3FFF;
    } else if (starts_with("EXIF", at)) {
      Bytes exif = bytes_.subspan(data, length);
      if (length >= 6 && starts_with({"Exif\0\0", 6}, data)) exif = exif.subspan(6);
      header.orientation = exif_orientation(exif);
    }
    at = data + length + (length & 1);
  }
  if (header.width == 0) damaged("WebP", "no picture in it");
  return header;
}

// TIFF 6.0; the first directory. Every strip or tile must lie inside the file.
ImageHeader Inspector::tiff() const {
  ImageHeader header{.format = ImageFormat::tiff};
  Directory directory;
  if (!directory.open(bytes_)) cut_off("TIFF");
  header.width = directory.value_or(kTagWidth, 0);
  header.height = directory.value_or(kTagHeight, 0);
  header.orientation = exif_orientation(bytes_);
  if (directory.value_or(kTagExtraSamples, 0) == 2)
    header.unassociated_alpha = directory.find(kTagExtraSamples)->data;
  const bool tiled = directory.find(kTagTileOffsets) != nullptr;
  const auto* offsets = directory.find(tiled ? kTagTileOffsets : kTagStripOffsets);
  const auto* sizes = directory.find(tiled ? kTagTileSizes : kTagStripSizes);
  if (header.width == 0 || header.height == 0) damaged("TIFF", "no size");
  if (!offsets || !sizes || offsets->count != sizes->count) cut_off("TIFF");
  for (std::uint32_t i = 0; i < offsets->count; ++i)
    if (std::uint64_t{directory.value(*offsets, i)} + directory.value(*sizes, i) > bytes_.size())
      cut_off("TIFF");
  return header;
}

}  // namespace

ImageHeader inspect_image_header(std::span<const std::uint8_t> bytes, const std::string& name) {
  return Inspector(bytes, name).inspect();
}

}  // namespace poster::io
