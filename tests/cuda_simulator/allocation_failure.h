// Memory of the stand-in that can't be had, for tests.
#pragma once

#include <cstdint>

namespace cuda_simulator {

// Allocations of device and pinned memory that still succeed; the next one fails, and those after it succeed
// again. Negative: all succeed.
void fail_allocation_after(std::int64_t allocations);
// Whether one has failed since.
bool allocation_failed();

}  // namespace cuda_simulator
