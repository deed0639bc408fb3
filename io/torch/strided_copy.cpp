#include "io/torch/strided_copy.h"

#include <cstring>

namespace poster::io {
namespace {

// A row of `count` elements, `step` apart in the source.
template <std::size_t kSize>
void copy_row(std::byte* to, const std::byte* from, std::int64_t count, std::int64_t step) {
  if (step == 1) {
    std::memcpy(to, from, static_cast<std::size_t>(count) * kSize);
    return;
  }
  for (std::int64_t i = 0; i < count; ++i)
    std::memcpy(to + static_cast<std::size_t>(i) * kSize, from + static_cast<std::size_t>(i * step) * kSize,
                kSize);
}

template <std::size_t kSize>
void copy_sized(std::byte* to, const std::byte* from, std::span<const std::int64_t> shape,
                std::span<const std::int64_t> strides) {
  if (shape.empty()) return copy_row<kSize>(to, from, 1, 1);
  const std::size_t last = shape.size() - 1;
  std::vector<std::int64_t> index(last);
  std::int64_t offset = 0;
  while (true) {
    copy_row<kSize>(to, from + static_cast<std::size_t>(offset) * kSize, shape[last], strides[last]);
    to += static_cast<std::size_t>(shape[last]) * kSize;
    std::size_t d = last;
    while (true) {  // the next row: count up, the last dimension first
      if (d == 0) return;
      --d;
      offset += strides[d];
      if (++index[d] < shape[d]) break;
      offset -= shape[d] * strides[d];
      index[d] = 0;
    }
  }
}

}  // namespace

bool is_row_major(std::span<const std::int64_t> shape, std::span<const std::int64_t> strides) {
  std::int64_t expected = 1;
  for (std::size_t d = shape.size(); d-- > 0;) {
    if (shape[d] == 1) continue;
    if (strides[d] != expected) return false;
    expected *= shape[d];
  }
  return true;
}

void copy_strided(std::byte* to, const std::byte* from, std::size_t size, std::span<const std::int64_t> shape,
                  std::span<const std::int64_t> strides) {
  if (size == 1) return copy_sized<1>(to, from, shape, strides);
  if (size == 2) return copy_sized<2>(to, from, shape, strides);
  if (size == 4) return copy_sized<4>(to, from, shape, strides);
  copy_sized<8>(to, from, shape, strides);
}

}  // namespace poster::io
