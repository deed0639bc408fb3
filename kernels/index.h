// The type of sizes and offsets.
#pragma once

#include <cstdint>

namespace poster::kernels {

using index_t = std::int64_t;

}  // namespace poster::kernels
