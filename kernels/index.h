// The type of sizes and offsets, and its arithmetic.
#pragma once

#include <cstdint>

#include "kernels/host_device.h"

namespace poster::kernels {

using index_t = std::int64_t;

// Of numbers that are not negative, b > 0. Always inlined: the CPU's kernels are compiled for several
// instruction sets.
[[gnu::always_inline]] POSTER_HOST_DEVICE constexpr index_t ceil_div(index_t a, index_t b) {
  return (a + b - 1) / b;
}
[[gnu::always_inline]] POSTER_HOST_DEVICE constexpr index_t round_up(index_t a, index_t multiple) {
  return ceil_div(a, multiple) * multiple;
}

}  // namespace poster::kernels
