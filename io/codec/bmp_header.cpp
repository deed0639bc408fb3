#include <algorithm>
#include <bit>

#include "io/codec/bmp.h"
#include "io/codec/format_headers.h"
#include "io/codec/image_error.h"

namespace poster::io {
namespace {

constexpr std::size_t kCoreHeader = 12, kInfoHeader = 40, kFileHeader = 14, kMasksAt = 54;
enum Compression : std::uint32_t { kRgb = 0, kRle8 = 1, kRle4 = 2, kBitfields = 3, kAlphaBitfields = 6 };

bool is_one_run(std::uint32_t mask) {
  if (mask == 0) return false;
  const std::uint32_t low = mask >> std::countr_zero(mask);
  return (low & (low + 1)) == 0;
}

// The info header's coding, masks and palette; `compression` is as it says.
void read_coding(const FileBytes& bytes, const std::string& name, std::uint32_t compression,
                 BmpLayout& layout) {
  const int bits = layout.bits;
  const bool fields = compression == kBitfields || compression == kAlphaBitfields;
  if ((compression == kRle8 && bits == 8) || (compression == kRle4 && bits == 4)) {
    layout.coding = BmpCoding::run_lengths;
    if (layout.from_top) throw_damaged(name, "BMP", "run lengths from the top");
  } else if (fields && (bits == 16 || bits == 32)) {
    if (bytes.size() < kMasksAt + 12) throw_cut_off(name, "BMP", bytes.size());
    for (std::size_t i = 0; i < 3; ++i) {
      layout.masks[i] = bytes.little32(kMasksAt + 4 * i);
      if (!is_one_run(layout.masks[i])) throw_damaged(name, "BMP", "senseless masks of colours");
    }
  } else if (compression != kRgb) {
    throw_unsupported(name, "this compression of BMP (number " + std::to_string(compression) + ")");
  }
}

}  // namespace

BmpLayout read_bmp_layout(const FileBytes& bytes, const std::string& name) {
  BmpLayout layout;
  if (bytes.size() < kFileHeader + kCoreHeader) throw_cut_off(name, "BMP", bytes.size());
  const std::uint32_t size = bytes.little32(14);
  if (size != kCoreHeader && (size < kInfoHeader || size > 256))
    throw_damaged(name, "BMP", "an unknown header");
  if (bytes.size() < kFileHeader + size) throw_cut_off(name, "BMP", bytes.size());
  layout.pixels = bytes.little32(10);
  layout.palette = kFileHeader + size;
  std::uint32_t compression = kRgb, colours = 0, said = 0;  // bytes of pixels; often not said
  if (size == kCoreHeader) {
    layout.width = static_cast<std::int64_t>(bytes.little(18, 2));
    layout.height = static_cast<std::int64_t>(bytes.little(20, 2));
    layout.bits = static_cast<int>(bytes.little(24, 2));
    layout.palette_entry = 3;
  } else {
    layout.width = static_cast<std::int32_t>(bytes.little32(18));
    const std::int64_t height = static_cast<std::int32_t>(bytes.little32(22));
    layout.from_top = height < 0;
    layout.height = layout.from_top ? -height : height;
    layout.bits = static_cast<int>(bytes.little(28, 2));
    compression = bytes.little32(30);
    said = bytes.little32(34);
    colours = bytes.little32(46);
    if (size == kInfoHeader && compression == kBitfields) layout.palette += 12;
    if (size == kInfoHeader && compression == kAlphaBitfields) layout.palette += 16;
  }
  const int bits = layout.bits;
  if (layout.width <= 0 || layout.height <= 0) throw_damaged(name, "BMP", "a senseless size");
  if (bits != 1 && bits != 4 && bits != 8 && bits != 16 && bits != 24 && bits != 32)
    throw_damaged(name, "BMP", "a senseless number of bits");
  if (bits == 16) layout.masks = {0x7C00, 0x03E0, 0x001F};
  if (bits == 32) layout.masks = {0xFF0000, 0x00FF00, 0x0000FF};
  read_coding(bytes, name, compression, layout);

  if (layout.pixels < kFileHeader + size) throw_damaged(name, "BMP", "the pixels lie in the header");
  if (bits <= 8) {
    const std::uint32_t all = 1u << bits;
    layout.palette_count = colours == 0 ? all : std::min(colours, all);
    // Where less is said, or the pixels begin earlier, the palette ends there.
    const std::size_t room =
        layout.pixels > layout.palette ? (layout.pixels - layout.palette) / layout.palette_entry : 0;
    layout.palette_count = std::min(layout.palette_count, room);
    if (layout.palette_count == 0) throw_damaged(name, "BMP", "no palette");
    if (layout.palette + layout.palette_count * static_cast<std::size_t>(layout.palette_entry) > bytes.size())
      throw_cut_off(name, "BMP", bytes.size());
  }
  layout.row = static_cast<std::size_t>((layout.width * bits + 31) / 32 * 4);
  if (layout.pixels >= bytes.size()) throw_cut_off(name, "BMP", bytes.size());
  // The last row of some files lacks the bytes that only fill it up.
  const auto used = static_cast<std::size_t>((layout.width * bits + 7) / 8);
  if (layout.coding == BmpCoding::plain &&
      (bytes.size() - layout.pixels < used ||
       (bytes.size() - layout.pixels - used) / layout.row < static_cast<std::size_t>(layout.height - 1)))
    throw_cut_off(name, "BMP", bytes.size());
  // Where it says that there are more rows, and there are, its size is a lie.
  const std::uint64_t needed = layout.row * static_cast<std::uint64_t>(layout.height);
  if (layout.coding == BmpCoding::plain && said >= needed + layout.row &&
      said <= bytes.size() - layout.pixels)
    throw_damaged(name, "BMP", "more data than its size needs");
  return layout;
}

ImageHeader inspect_bmp(const FileBytes& bytes, const std::string& name) {
  const BmpLayout layout = read_bmp_layout(bytes, name);
  return {.format = ImageFormat::bmp, .width = layout.width, .height = layout.height};
}

}  // namespace poster::io
