#include "io/torch/zip_checksum.h"

#include <libdeflate.h>

namespace poster::io {

std::uint32_t crc32_of(std::span<const std::byte> bytes) {
  return bytes.empty() ? 0 : libdeflate_crc32(0, bytes.data(), bytes.size());
}

}  // namespace poster::io
