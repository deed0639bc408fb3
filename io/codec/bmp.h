// How a BMP file is laid out: what its header says, checked. BITMAPCOREHEADER (12 bytes) or BITMAPINFOHEADER
// and its successors (learn.microsoft.com, "Bitmap Header Types").
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "io/codec/file_bytes.h"

namespace poster::io {

enum class BmpCoding { plain, run_lengths };

struct BmpLayout {
  std::int64_t width = 0, height = 0;
  bool from_top = false;  // rows from the top; usually the lowest is the first
  int bits = 0;           // of a pixel: 1, 4, 8 (looked up in the palette), 16, 24, 32
  BmpCoding coding = BmpCoding::plain;
  std::array<std::uint32_t, 3> masks{};  // of red, green, blue, where bits is 16 or 32
  std::size_t palette = 0;               // where it begins
  std::size_t palette_count = 0;
  int palette_entry = 4;   // bytes: blue, green, red, and nothing
  std::size_t pixels = 0;  // where they begin
  std::size_t row = 0;     // bytes of a row that isn't coded
};

// Throws poster::Error for kinds that aren't read, what contradicts itself, and missing rows.
BmpLayout read_bmp_layout(const FileBytes& bytes, const std::string& name);

}  // namespace poster::io
