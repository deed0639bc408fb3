#include "io/codec/tiff_directory.h"

namespace poster::io {
namespace {

constexpr std::uint16_t kTagOrientation = 274;

// BYTE, SHORT, LONG, IFD; BigTIFF's LONG8 and IFD8. Others aren't unsigned integers.
int type_size(std::uint16_t type) {
  switch (type) {
    case 1:
      return 1;
    case 3:
      return 2;
    case 4:
    case 13:
      return 4;
    case 16:
    case 18:
      return 8;
    default:
      return 0;
  }
}

}  // namespace

std::uint64_t TiffDirectory::read(std::uint64_t at, int count) const {
  return big_endian_ ? bytes_.big(at, count) : bytes_.little(at, count);
}

bool TiffDirectory::open(std::span<const std::uint8_t> bytes) {
  bytes_ = bytes;
  if (bytes.size() < 8) return false;
  big_endian_ = bytes[0] == 'M';
  if (bytes[0] != bytes[1] || (bytes[0] != 'I' && bytes[0] != 'M')) return false;
  big_tiff_ = read(2, 2) == 43;
  if (!big_tiff_) return read(2, 2) == 42 && open_next(read(4, 4));
  return bytes.size() >= 16 && read(4, 2) == 8 && read(6, 2) == 0 && open_next(read(8, 8));
}

bool TiffDirectory::open_next(std::uint64_t at) {
  entries_.clear();
  next_ = 0;
  const std::uint64_t all = bytes_.size(), head = big_tiff_ ? 8 : 2, each = big_tiff_ ? 20 : 12;
  const int word = big_tiff_ ? 8 : 4;  // of counts and places
  if (at > all || all - at < head) return false;
  const std::uint64_t count = read(at, static_cast<int>(head));
  if (count > (all - at - head) / each) return false;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t place = at + head + i * each;
    Entry entry{static_cast<std::uint16_t>(read(place, 2)), static_cast<std::uint16_t>(read(place + 2, 2)),
                read(place + 4, word), place + 4 + static_cast<std::uint64_t>(word)};
    const auto size = static_cast<std::uint64_t>(type_size(entry.type));
    if (size == 0 || entry.count == 0 || entry.count > all / size) continue;
    if (size * entry.count > static_cast<std::uint64_t>(word)) entry.data = read(entry.data, word);
    if (entry.data > all || all - entry.data < size * entry.count) continue;
    entries_.push_back(entry);
  }
  const std::uint64_t end = at + head + count * each;
  if (all - end >= static_cast<std::uint64_t>(word)) next_ = read(end, word);
  return true;
}

const TiffDirectory::Entry* TiffDirectory::find(std::uint16_t tag) const {
  for (const Entry& entry : entries_)
    if (entry.tag == tag) return &entry;
  return nullptr;
}

std::uint64_t TiffDirectory::value(const Entry& entry, std::uint64_t i) const {
  const int size = type_size(entry.type);
  return read(entry.data + i * static_cast<std::uint64_t>(size), size);
}

std::uint64_t TiffDirectory::value_or(std::uint16_t tag, std::uint64_t otherwise) const {
  const Entry* entry = find(tag);
  return entry ? value(*entry, 0) : otherwise;
}

int orientation_of(const TiffDirectory& directory) {
  const std::uint64_t orientation = directory.value_or(kTagOrientation, 1);
  return orientation >= 1 && orientation <= 8 ? static_cast<int>(orientation) : 1;
}

int exif_orientation(std::span<const std::uint8_t> exif) {
  TiffDirectory directory;
  return directory.open(exif) ? orientation_of(directory) : 1;
}

}  // namespace poster::io
