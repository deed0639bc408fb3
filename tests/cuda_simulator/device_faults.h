// What a device of the stand-in lacks, and what it has been asked to do that is slow, for tests.
#pragma once

#include <cstdint>

namespace cuda_simulator {

// Dynamic shared memory that a block may ask for, in bytes; 227 KB, an H200's, at first.
void set_shared_memory_limit(int bytes);

// A kernel has touched memory that isn't there: every call about memory fails from now on, as on a GPU.
void set_broken(bool broken);

// Copies between device and host whose host memory isn't pinned, until now: CUDA waits for these.
std::int64_t pageable_copies();

}  // namespace cuda_simulator
