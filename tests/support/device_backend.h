// What tests of CUDA kernels ask of the device they run on: the stand-in of tests/cuda_simulator (its
// device_backend.cpp), or a GPU (device_backend_gpu.cpp here). The linker decides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace poster::test {

// Orders in which the threads of a kernel can be made to run; one where nobody can choose.
int order_count();
void choose_order(int order);
std::string order_name(int order);

// From now on no kernel may touch this device memory; and again it may. Without effect where nobody can
// watch.
void fence(void* memory, std::size_t bytes);
void unfence(void* memory, std::size_t bytes);

// Copies between device and host memory that isn't pinned, until now; 0 where nobody counts.
std::int64_t pageable_copies();

}  // namespace poster::test
