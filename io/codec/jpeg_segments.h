// The segments of a JPEG file (ITU T.81, annex B), one after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

#include "io/codec/file_bytes.h"

namespace poster::io {

enum JpegMarker : std::uint8_t {
  kJpegHuffmanTables = 0xC4,
  kJpegEnd = 0xD9,
  kJpegScan = 0xDA,
  kJpegQuantization = 0xDB,
  kJpegRestartInterval = 0xDD,
  kJpegHierarchical = 0xDE,
  kJpegExif = 0xE1,
  kJpegLs = 0xF7,
};

inline bool is_jpeg_frame(std::uint8_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

struct JpegSegment {
  std::uint8_t marker = 0;
  std::size_t at = 0;      // where its length stands, behind the marker
  std::size_t length = 0;  // with its own two bytes; 0 where the file ends before
  std::size_t end() const { return at + length; }
};

// The next marker from `at` on that has a segment, or the end of the image; nothing when there is none. Where
// the segment is longer than the file its end() is past it.
inline std::optional<JpegSegment> next_jpeg_segment(const FileBytes& bytes, std::size_t at) {
  for (;;) {
    while (at < bytes.size() && bytes[at] != 0xFF) ++at;
    while (at < bytes.size() && bytes[at] == 0xFF) ++at;
    if (at >= bytes.size()) return std::nullopt;
    const std::uint8_t marker = bytes[at++];
    if (marker == kJpegEnd) return JpegSegment{marker, at, 0};
    if (marker == 0x00 || marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) continue;
    if (at + 2 > bytes.size()) return std::nullopt;
    return JpegSegment{marker, at, bytes.big(at, 2)};
  }
}

// Where the entropy-coded data that begins at `at` ends: the next marker that is neither a stuffed byte nor a
// restart. The size of the file when there is none.
inline std::size_t end_of_jpeg_scan(const FileBytes& bytes, std::size_t at) {
  while (at < bytes.size()) {
    const void* found = std::memchr(bytes.at(at), 0xFF, bytes.size() - at);
    if (!found) return bytes.size();
    at = static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - bytes.at(0));
    if (at + 1 >= bytes.size()) return bytes.size();
    const std::uint8_t next = bytes[at + 1];
    if (next != 0x00 && next != 0xFF && (next < 0xD0 || next > 0xD7)) return at;
    at += next == 0xFF ? 1 : 2;
  }
  return bytes.size();
}

}  // namespace poster::io
