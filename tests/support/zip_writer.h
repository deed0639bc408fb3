// Zip archives as tests need them: stored entries, names in any bytes, sizes that lie.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace poster::test {

class ZipWriter {
 public:
  using Bytes = std::vector<std::uint8_t>;

  // `utf8`: whether the entry says that its name is UTF-8. `claimed`: an unpacked size that isn't true, of
  // data that is called deflated.
  void add(const std::string& name, const Bytes& data, bool utf8 = true,
           std::optional<std::uint32_t> claimed = std::nullopt) {
    const auto offset = static_cast<std::uint32_t>(bytes_.size());
    const auto header = [&](Bytes& to) {
      put(to, 20, 2);
      put(to, utf8 ? 0x800 : 0, 2);
      put(to, claimed ? 8 : 0, 2);
      put(to, 0x21 << 16, 4);  // 1 January 1980
      put(to, crc(data), 4);
      put(to, static_cast<std::uint32_t>(data.size()), 4);
      put(to, claimed.value_or(static_cast<std::uint32_t>(data.size())), 4);
      put(to, static_cast<std::uint32_t>(name.size()), 2);
      put(to, 0, 2);
    };
    put(bytes_, 0x04034B50, 4);
    header(bytes_);
    bytes_.insert(bytes_.end(), name.begin(), name.end());
    bytes_.insert(bytes_.end(), data.begin(), data.end());
    put(directory_, 0x02014B50, 4);
    put(directory_, 20, 2);
    header(directory_);
    put(directory_, 0, 2);
    put(directory_, 0, 4);
    put(directory_, 0, 4);
    put(directory_, offset, 4);
    directory_.insert(directory_.end(), name.begin(), name.end());
    ++count_;
  }

  Bytes finish() const {
    Bytes result = bytes_;
    result.insert(result.end(), directory_.begin(), directory_.end());
    put(result, 0x06054B50, 4);
    put(result, 0, 4);
    put(result, count_, 2);
    put(result, count_, 2);
    put(result, static_cast<std::uint32_t>(directory_.size()), 4);
    put(result, static_cast<std::uint32_t>(bytes_.size()), 4);
    put(result, 0, 2);
    return result;
  }

 private:
  static void put(Bytes& to, std::uint32_t value, int size) {
    for (int i = 0; i < size; ++i) to.push_back(static_cast<std::uint8_t>(value >> 8 * i));
  }
  static std::uint32_t crc(const Bytes& data) {
    std::uint32_t value = 0xFFFFFFFF;
    for (const std::uint8_t byte : data) {
      value ^= byte;
      for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0xEDB88320 : 0);
    }
    return ~value;
  }

  Bytes bytes_, directory_;
  std::uint32_t count_ = 0;
};

}  // namespace poster::test
