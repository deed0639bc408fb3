// Memory and copies of the stand-in.
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <vector>

#include "tests/cuda_simulator/allocation_failure.h"
#include "tests/cuda_simulator/device_faults.h"
#include "tests/cuda_simulator/runtime_api.h"

namespace {

std::int64_t allocations_left = -1;
bool failed = false;
bool broken = false;
std::atomic<std::int64_t> pageable = 0;

constexpr std::size_t kTotal = std::size_t{80} << 30;

// Allocations by address.
class Registry {
 public:
  cudaError_t allocate(void** memory, std::size_t bytes) {
    if (cuda_simulator::capturing()) return cudaErrorStreamCaptureUnsupported;
    *memory = nullptr;
    if (bytes == 0) return cudaSuccess;
    const std::lock_guard lock(mutex_);
    if (allocations_left >= 0 && allocations_left-- == 0) {
      failed = true;
      return cudaErrorMemoryAllocation;
    }
    // Of the exact size, so that AddressSanitizer sees accesses beyond it.
    if (used_ + bytes > kTotal || posix_memalign(memory, 256, bytes) != 0) return cudaErrorMemoryAllocation;
    std::memset(*memory, 0xFF, bytes);
    blocks_[static_cast<char*>(*memory)] = bytes;
    used_ += bytes;
    return cudaSuccess;
  }
  cudaError_t release(void* memory) {
    if (!memory) return cudaSuccess;
    cuda_simulator::wait_for_all_quietly();
    const std::lock_guard lock(mutex_);
    const auto block = blocks_.find(static_cast<char*>(memory));
    if (block == blocks_.end()) return cudaErrorInvalidValue;
    used_ -= block->second;
    blocks_.erase(block);
    std::free(memory);
    return cudaSuccess;
  }
  bool holds(const void* memory, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    const char* const address = static_cast<const char*>(memory);
    auto block = blocks_.upper_bound(const_cast<char*>(address));
    if (block == blocks_.begin()) return false;
    --block;
    return address + bytes <= block->first + block->second;
  }
  std::size_t used() {
    const std::lock_guard lock(mutex_);
    return used_;
  }

 private:
  std::mutex mutex_;
  std::map<char*, std::size_t> blocks_;
  std::size_t used_ = 0;
};

Registry device_memory, pinned_memory;

}  // namespace

void cuda_simulator::fail_allocation_after(std::int64_t allocations) {
  allocations_left = allocations;
  failed = false;
}
bool cuda_simulator::allocation_failed() { return failed; }
void cuda_simulator::set_broken(bool is) { broken = is; }
std::int64_t cuda_simulator::pageable_copies() { return pageable; }

cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
  return broken ? cudaErrorIllegalAddress : device_memory.allocate(memory, bytes);
}
cudaError_t cudaFree(void* memory) { return device_memory.release(memory); }
cudaError_t cudaHostAlloc(void** memory, std::size_t bytes, unsigned) {
  return pinned_memory.allocate(memory, bytes);
}
cudaError_t cudaFreeHost(void* memory) { return pinned_memory.release(memory); }

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  if (broken) return cudaErrorIllegalAddress;
  *total = kTotal;
  *free = kTotal - device_memory.used();
  return cudaSuccess;
}

cudaError_t cudaMemset(void* memory, int value, std::size_t bytes) {
  if (cuda_simulator::capturing()) return cudaErrorStreamCaptureUnsupported;
  return cudaMemsetAsync(memory, value, bytes, nullptr);
}

cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t stream) {
  if (bytes == 0) return cudaSuccess;
  if (!device_memory.holds(memory, bytes)) return cudaErrorInvalidValue;
  cuda_simulator::submit(stream, [=] { std::memset(memory, value, bytes); });
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  if (bytes == 0) return cudaSuccess;
  const bool to_device = kind != cudaMemcpyDeviceToHost, from_device = kind != cudaMemcpyHostToDevice;
  if (device_memory.holds(to, bytes) != to_device || device_memory.holds(from, bytes) != from_device)
    return cudaErrorInvalidValue;
  const bool from_pageable = !from_device && !pinned_memory.holds(from, bytes),
             to_pageable = !to_device && !pinned_memory.holds(to, bytes);
  // A graph reads host memory when it runs, which must then still be there.
  if (stream && stream->capture && (from_pageable || to_pageable)) return cudaErrorStreamCaptureUnsupported;
  if (from_pageable || to_pageable) ++pageable;
  if (from_pageable) {  // the caller may overwrite it when this returns
    const auto* const first = static_cast<const char*>(from);
    cuda_simulator::submit(
        stream, [=, copy = std::vector<char>(first, first + bytes)] { std::memcpy(to, copy.data(), bytes); });
    return cudaSuccess;
  }
  cuda_simulator::submit(stream, [=] { std::memmove(to, from, bytes); });
  return to_pageable ? cudaStreamSynchronize(stream) : cudaSuccess;
}
