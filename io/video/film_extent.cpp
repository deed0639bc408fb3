#include "io/video/film_extent.h"

#include <algorithm>
#include <cstdint>
#include <string>

namespace poster::io {
namespace {

constexpr std::uint64_t kPiece = 128 << 10;  // twice the largest Ogg page

std::string bytes_at(const InputFile& file, std::uint64_t offset, std::uint64_t count) {
  std::string bytes(static_cast<std::size_t>(std::min(count, file.size() - std::min(offset, file.size()))),
                    '\0');
  bytes.resize(file.read_some(offset, std::as_writable_bytes(std::span(bytes))));
  return bytes;
}

std::uint8_t byte(const std::string& bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

// RFC 3533, section 6: flags at 5 (4: last page of its stream), the number of segments at 26, then their
// lengths.
bool ogg_is_cut(const InputFile& file) {
  constexpr std::size_t kHeader = 27;
  const std::string end = bytes_at(file, file.size() - std::min(file.size(), kPiece), kPiece);
  const std::size_t page = end.rfind("OggS");
  if (page == std::string::npos || end.size() - page < kHeader) return true;
  const std::size_t segments = byte(end, page + 26);
  std::size_t length = kHeader + segments;
  for (std::size_t i = 0; i < segments && page + kHeader + i < end.size(); ++i)
    length += byte(end, page + kHeader + i);
  return (byte(end, page + 5) & 4) == 0 || end.size() - page < length;
}

// ASF specification, section 3.2, the File Properties Object: the file's size at 40, flags at 88 (1: a
// broadcast, whose size is not known).
bool asf_is_cut(const InputFile& file) {
  const std::string head = bytes_at(file, 0, kPiece);
  const std::string guid("\xA1\xDC\xAB\x8C\x47\xA9\xCF\x11\x8E\xE4\x00\xC0\x0C\x20\x53\x65", 16);
  const std::size_t at = head.find(guid);
  if (at == std::string::npos || head.size() - at < 92 || (byte(head, at + 88) & 1) != 0) return false;
  std::uint64_t size = 0;
  for (std::size_t i = 8; i-- > 0;) size = size << 8 | byte(head, at + 40 + i);
  return file.size() < size;
}

// ISO 13818-1: packets of 188 bytes that begin with 0x47; Blu-ray puts 4 bytes before each.
bool transport_stream_is_cut(const InputFile& file) {
  const std::string head = bytes_at(file, 0, 1024);
  const auto has = [&](std::size_t first, std::size_t packet) {
    for (std::size_t at = first; at < head.size(); at += packet)
      if (byte(head, at) != 0x47) return false;
    return true;
  };
  if (has(0, 188)) return file.size() % 188 != 0;
  if (has(4, 192)) return file.size() % 192 != 0;
  return false;
}

// ISO 14496-12, 4.2: a box is its length in 32 bits (1: in 64 behind the type; 0: up to the file's end) and
// its type in four letters. Zeros behind the last one are taken for filling.
bool boxes_are_torn(const InputFile& file) {
  std::uint64_t at = 0;
  const auto number = [&](const std::string& bytes, std::size_t from, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value << 8 | byte(bytes, from + i);
    return value;
  };
  while (at < file.size()) {
    const std::string head = bytes_at(file, at, 16);
    if (head.size() < 8) return head.find_first_not_of('\0') != std::string::npos;
    std::uint64_t length = number(head, 0, 4);
    const std::string_view type = std::string_view(head).substr(4, 4);
    if (length == 0 && type == std::string_view("\0\0\0\0", 4)) {
      while (at < file.size()) {
        const std::string rest = bytes_at(file, at, kPiece);
        if (rest.empty() || rest.find_first_not_of('\0') != std::string::npos) return true;
        at += rest.size();
      }
      return false;
    }
    if (length == 0) return false;
    if (length == 1 && head.size() == 16) length = number(head, 8, 8);
    if (length < 8 || length > file.size() - at) return true;
    at += length;
  }
  return false;
}

}  // namespace

bool is_torn(const InputFile& file, std::string_view container) {
  if (container == "ogg") return ogg_is_cut(file);
  if (container.starts_with("asf")) return asf_is_cut(file);
  if (container == "mpegts") return transport_stream_is_cut(file);
  if (container.starts_with("mov")) return boxes_are_torn(file);
  return false;
}

}  // namespace poster::io
