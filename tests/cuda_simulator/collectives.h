// What the lanes of a warp and the threads of a block do together.
#pragma once

#include <array>
#include <cstring>
#include <source_location>
#include <string>
#include <type_traits>

#include "tests/cuda_simulator/block.h"

namespace cuda_simulator {

// Every lane of the mask gives `mine`; then read(values) returns the result from all 32 lanes' values. Those
// of lanes outside the mask are meaningless.
template <typename T, typename Read>
auto warp_collective(unsigned mask, const char* operation, const std::source_location& at, const T& mine,
                     Read read) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= WarpGroup::kMaxValueBytes &&
                alignof(T) <= 16);
  Block& block = Block::current();
  WarpGroup& group = block.join(mask, operation, at, &mine, sizeof(T));
  const auto result = read(reinterpret_cast<const T*>(group.values));
  block.leave(group);
  return result;
}

// Every lane of the warp gives a value and gets all 32: for emulating operations of whole warps, such as mma.
template <typename T>
std::array<T, 32> warp_exchange(const T& mine, const char* operation = "warp_exchange",
                                const std::source_location& at = std::source_location::current()) {
  return warp_collective(0xFFFFFFFFu, operation, at, mine, [](const T* values) {
    std::array<T, 32> all;
    std::memcpy(all.data(), values, sizeof(all));
    return all;
  });
}

// The value of lane source(lane), which must be in the mask.
template <typename T>
T shuffle(unsigned mask, const char* operation, const std::source_location& at, T value, int source) {
  static_assert(std::is_arithmetic_v<T> && (sizeof(T) == 4 || sizeof(T) == 8));
  if (!(mask >> source & 1))
    Block::current().fail(std::string(operation) + " from a lane that its mask doesn't name, " + text(at));
  return warp_collective(mask, operation, at, value, [=](const T* values) { return values[source]; });
}

inline int lane() { return Block::current().lane(); }

}  // namespace cuda_simulator

#define CUDA_SIMULATOR_AT const std::source_location& at = std::source_location::current()

inline void __syncthreads(CUDA_SIMULATOR_AT) { cuda_simulator::Block::current().wait_at_barrier(at); }
inline void __syncwarp(unsigned mask = 0xFFFFFFFFu, CUDA_SIMULATOR_AT) {
  cuda_simulator::warp_collective(mask, "__syncwarp", at, 0, [](const int*) { return 0; });
}
inline void __threadfence() { cuda_simulator::Block::current().fence(); }
inline void __threadfence_block() {}

// Groups of `width` lanes, a power of two; a source outside the group is the lane itself.
template <typename T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32, CUDA_SIMULATOR_AT) {
  const int lane = cuda_simulator::lane();
  return cuda_simulator::shuffle(mask, "__shfl_sync", at, value, (lane & -width) + (source & (width - 1)));
}
template <typename T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = 32, CUDA_SIMULATOR_AT) {
  const int lane = cuda_simulator::lane(), source = lane ^ lane_mask;
  return cuda_simulator::shuffle(mask, "__shfl_xor_sync", at, value,
                                 source < (lane & -width) + width ? source : lane);
}
template <typename T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, CUDA_SIMULATOR_AT) {
  const int lane = cuda_simulator::lane(), source = lane + static_cast<int>(delta);
  return cuda_simulator::shuffle(mask, "__shfl_down_sync", at, value,
                                 source < (lane & -width) + width ? source : lane);
}
template <typename T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, CUDA_SIMULATOR_AT) {
  const int lane = cuda_simulator::lane(), source = lane - static_cast<int>(delta);
  return cuda_simulator::shuffle(mask, "__shfl_up_sync", at, value,
                                 source >= (lane & -width) ? source : lane);
}

inline unsigned __ballot_sync(unsigned mask, int predicate, CUDA_SIMULATOR_AT) {
  return cuda_simulator::warp_collective(mask, "__ballot_sync", at, predicate, [=](const int* values) {
    unsigned bits = 0;
    for (int lane = 0; lane < 32; ++lane)
      if (mask >> lane & 1 && values[lane]) bits |= 1u << lane;
    return bits;
  });
}
inline int __any_sync(unsigned mask, int predicate, CUDA_SIMULATOR_AT) {
  return __ballot_sync(mask, predicate, at) != 0;
}
inline int __all_sync(unsigned mask, int predicate, CUDA_SIMULATOR_AT) {
  return __ballot_sync(mask, predicate, at) == mask;
}

#undef CUDA_SIMULATOR_AT
