// Sizes of memory for people.
#pragma once

#include <cstddef>
#include <string>

namespace poster {

// "12 MiB", rounded up.
inline std::string mebibytes(std::size_t bytes) {
  return std::to_string((bytes + (1 << 20) - 1) >> 20) + " MiB";
}

}  // namespace poster
