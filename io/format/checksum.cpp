#include "io/format/checksum.h"

#include <array>
#include <bit>
#include <cstring>

namespace poster::io {
namespace {

static_assert(std::endian::native == std::endian::little, "words are read as they lie in memory");

constexpr std::uint64_t kPrime1 = 0x9E3779B185EBCA87, kPrime2 = 0xC2B2AE3D27D4EB4F,
                        kPrime3 = 0x165667B19E3779F9, kPrime4 = 0x85EBCA77C2B2AE63,
                        kPrime5 = 0x27D4EB2F165667C5;

template <typename Word>
std::uint64_t load(const unsigned char* bytes) {
  Word word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

std::uint64_t round(std::uint64_t accumulator, std::uint64_t lane) {
  return std::rotl(accumulator + lane * kPrime2, 31) * kPrime1;
}

std::uint64_t merge(std::uint64_t hash, std::uint64_t accumulator) {
  return (hash ^ round(0, accumulator)) * kPrime1 + kPrime4;
}

// What eight bits that leave the register do to it; the polynomial is 0x1EDC6F41, bits reversed.
constexpr std::array<std::uint32_t, 256> crc32c_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    table[i] = i;
    for (int bit = 0; bit < 8; ++bit) table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0x82F63B78 : 0);
  }
  return table;
}

}  // namespace

std::uint32_t crc32c(const void* data, std::size_t size) {
  static constexpr auto kTable = crc32c_table();
  std::uint32_t crc = ~0u;
  for (const auto* byte = static_cast<const unsigned char*>(data); size > 0; ++byte, --size)
    crc = crc >> 8 ^ kTable[(crc ^ *byte) & 0xFF];
  return ~crc;
}

std::uint64_t xxh64(const void* data, std::size_t size, std::uint64_t seed) {
  const unsigned char *bytes = static_cast<const unsigned char*>(data), *end = bytes + size;
  std::uint64_t hash = seed + kPrime5;
  if (size >= 32) {
    std::uint64_t a = seed + kPrime1 + kPrime2, b = seed + kPrime2, c = seed, d = seed - kPrime1;
    for (; end - bytes >= 32; bytes += 32) {
      a = round(a, load<std::uint64_t>(bytes));
      b = round(b, load<std::uint64_t>(bytes + 8));
      c = round(c, load<std::uint64_t>(bytes + 16));
      d = round(d, load<std::uint64_t>(bytes + 24));
    }
    hash = std::rotl(a, 1) + std::rotl(b, 7) + std::rotl(c, 12) + std::rotl(d, 18);
    hash = merge(merge(merge(merge(hash, a), b), c), d);
  }
  hash += size;
  for (; end - bytes >= 8; bytes += 8)
    hash = std::rotl(hash ^ round(0, load<std::uint64_t>(bytes)), 27) * kPrime1 + kPrime4;
  if (end - bytes >= 4) {
    hash = std::rotl(hash ^ load<std::uint32_t>(bytes) * kPrime1, 23) * kPrime2 + kPrime3;
    bytes += 4;
  }
  for (; bytes < end; ++bytes) hash = std::rotl(hash ^ *bytes * kPrime5, 11) * kPrime1;
  hash = (hash ^ hash >> 33) * kPrime2;
  hash = (hash ^ hash >> 29) * kPrime3;
  return hash ^ hash >> 32;
}

}  // namespace poster::io
