#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace poster::io {

// Whether elements with these strides lie in row-major order without gaps. Sides of 1 may have any stride.
bool is_row_major(std::span<const std::int64_t> shape, std::span<const std::int64_t> strides);

// Gathers elements of `size` bytes (1, 2, 4 or 8) in row-major order. `strides` are in elements, from 0;
// `from` is the first element. Every side is at least 1.
void copy_strided(std::byte* to, const std::byte* from, std::size_t size, std::span<const std::int64_t> shape,
                  std::span<const std::int64_t> strides);

}  // namespace poster::io
