// Numbers and texts at places in a file that lies in memory. Nothing is checked here but where it says so:
// callers compare places with size() first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace poster::io {

class FileBytes {
 public:
  FileBytes(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}  // a view of the same

  std::size_t size() const { return bytes_.size(); }
  std::uint8_t operator[](std::size_t at) const { return bytes_[at]; }
  std::span<const std::uint8_t> part(std::size_t at, std::size_t count) const {
    return bytes_.subspan(at, count);
  }
  const std::uint8_t* at(std::size_t place) const { return bytes_.data() + place; }

  // Whether the text stands there; false past the end.
  bool has(std::string_view text, std::size_t at = 0) const {
    return at <= size() && size() - at >= text.size() &&
           std::memcmp(bytes_.data() + at, text.data(), text.size()) == 0;
  }
  std::uint64_t big(std::size_t at, int count) const {
    std::uint64_t value = 0;
    for (int i = 0; i < count; ++i) value = value << 8 | bytes_[at + static_cast<std::size_t>(i)];
    return value;
  }
  std::uint64_t little(std::size_t at, int count) const {
    std::uint64_t value = 0;
    for (int i = count; i-- > 0;) value = value << 8 | bytes_[at + static_cast<std::size_t>(i)];
    return value;
  }
  std::uint32_t little32(std::size_t at) const { return static_cast<std::uint32_t>(little(at, 4)); }
  std::uint32_t big32(std::size_t at) const { return static_cast<std::uint32_t>(big(at, 4)); }

 private:
  std::span<const std::uint8_t> bytes_;
};

}  // namespace poster::io
