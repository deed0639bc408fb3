#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace poster::io {

// CRC-32 as zip files use it (ISO 3309, polynomial 0x04C11DB7 reflected), at the speed of memory.
std::uint32_t crc32_of(std::span<const std::byte> bytes);

}  // namespace poster::io
