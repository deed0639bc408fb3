// Reads TensorBoard event files, as a judge of what writes them: by the formats alone, with a CRC of its own
// that goes bit by bit.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace poster::test {

inline std::uint32_t bitwise_crc32c(std::string_view text) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char letter : text) {
    crc ^= static_cast<unsigned char>(letter);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78 : crc >> 1;
  }
  return ~crc;
}

// The fields of a protobuf message: numbers as they lie there, everything else as bytes.
struct ProtoFields {
  std::multimap<int, std::string> bytes;  // lengths taken off; fixed numbers as 4 or 8 bytes
  std::multimap<int, std::uint64_t> numbers;

  std::string text(int field) const {
    if (bytes.count(field) != 1)
      throw std::runtime_error("field " + std::to_string(field) + " is not there once");
    return bytes.find(field)->second;
  }
  template <typename T>
  T fixed(int field) const {
    const std::string raw = text(field);
    if (raw.size() != sizeof(T))
      throw std::runtime_error("field " + std::to_string(field) + " has another size");
    T value;
    std::memcpy(&value, raw.data(), sizeof value);
    return value;
  }
  std::uint64_t number(int field) const { return numbers.contains(field) ? numbers.find(field)->second : 0; }
};

inline ProtoFields parse_proto(std::string_view message) {
  const auto take = [&](std::size_t count) {
    if (message.size() < count) throw std::runtime_error("a message ends early");
    const std::string_view head = message.substr(0, count);
    message.remove_prefix(count);
    return head;
  };
  const auto varint = [&] {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= std::uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return value;
    }
  };
  ProtoFields fields;
  while (!message.empty()) {
    const std::uint64_t key = varint();
    const int field = static_cast<int>(key >> 3);
    switch (key & 7) {
      case 0:
        fields.numbers.emplace(field, varint());
        break;
      case 1:
        fields.bytes.emplace(field, take(8));
        break;
      case 2:
        fields.bytes.emplace(field, take(varint()));
        break;
      case 5:
        fields.bytes.emplace(field, take(4));
        break;
      default:
        throw std::runtime_error("unknown wire type");
    }
  }
  return fields;
}

// The Events of a file, whose framing and checksums must be right to the last byte.
inline std::vector<ProtoFields> read_events(std::string_view file) {
  const auto take = [&](std::size_t count) {
    if (file.size() < count) throw std::runtime_error("a record ends early");
    const std::string_view head = file.substr(0, count);
    file.remove_prefix(count);
    return head;
  };
  const auto check = [&](std::string_view text) {
    std::uint32_t masked;
    std::memcpy(&masked, take(4).data(), 4);
    const std::uint32_t crc = bitwise_crc32c(text);
    if (masked != ((crc >> 15) | (crc << 17)) + 0xa282ead8u) throw std::runtime_error("a checksum is wrong");
  };
  std::vector<ProtoFields> events;
  while (!file.empty()) {
    const std::string_view size_text = take(8);
    check(size_text);
    std::uint64_t size;
    std::memcpy(&size, size_text.data(), 8);
    const std::string_view event = take(size);
    check(event);
    events.push_back(parse_proto(event));
  }
  return events;
}

// Scalars by tag and step; a step that occurs twice is an error.
using Scalars = std::map<std::string, std::map<std::int64_t, float>>;
inline Scalars scalars_of(const std::vector<ProtoFields>& events) {
  Scalars scalars;
  for (const ProtoFields& event : events) {
    if (!event.bytes.contains(5)) continue;
    const ProtoFields summary = parse_proto(event.text(5));
    for (auto [at, end] = summary.bytes.equal_range(1); at != end; ++at) {
      const ProtoFields value = parse_proto(at->second);
      if (!value.bytes.contains(2)) continue;
      const auto step = static_cast<std::int64_t>(event.number(2));
      if (!scalars[value.text(1)].emplace(step, value.fixed<float>(2)).second)
        throw std::runtime_error("step " + std::to_string(step) + " occurs twice in " + value.text(1));
    }
  }
  return scalars;
}

}  // namespace poster::test
