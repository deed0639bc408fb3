// Numbers in the files are little-endian and at any address.
#pragma once

#include <bit>
#include <cstddef>
#include <cstring>

namespace poster::io {

static_assert(std::endian::native == std::endian::little, "files are read and written as memory holds them");

template <typename T>
T load(const std::byte* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

}  // namespace poster::io
