// XXH64, the 64-bit hash of the xxHash specification
// (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md): fast enough to run over every checkpoint.
// It finds damage, not forgery.
#pragma once

#include <cstddef>
#include <cstdint>

namespace poster::io {

std::uint64_t xxh64(const void* data, std::size_t size, std::uint64_t seed = 0);

// CRC-32C (Castagnoli; RFC 3720, 12.1 and appendix B.4), byte by byte: for small records alone.
std::uint32_t crc32c(const void* data, std::size_t size);

}  // namespace poster::io
