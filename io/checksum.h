// XXH64, the 64-bit hash of the xxHash specification
// (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md): fast enough to run over every checkpoint.
// It finds damage, not forgery.
#pragma once

#include <cstddef>
#include <cstdint>

namespace poster::io {

std::uint64_t xxh64(const void* data, std::size_t size, std::uint64_t seed = 0);

}  // namespace poster::io
