#include "io/format/display_width.h"

#include <cstddef>
#include <cstdint>

namespace poster::io {

int display_width(std::string_view text) {
  int width = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const int length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    std::uint32_t point = length == 1 ? lead : lead & (0xFF >> (length + 1));
    for (int k = 1; k < length && i + k < text.size(); ++k)
      point = point << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3F);
    i += length;
    // Hangul vowels and finals that join the syllable before them (names in decomposed form) take no room.
    if ((point >= 0x300 && point <= 0x36F) || (point >= 0x1160 && point <= 0x11FF)) continue;
    const bool wide = (point >= 0x1100 && point <= 0x115F) || (point >= 0x2E80 && point <= 0xA4CF) ||
                      (point >= 0xAC00 && point <= 0xD7A3) || (point >= 0xF900 && point <= 0xFAFF) ||
                      (point >= 0xFF00 && point <= 0xFF60) || point >= 0x1F300;
    width += wide ? 2 : 1;
  }
  return width;
}

}  // namespace poster::io
