// Lets allocations of the program fail, one after another. Include in one file of a program: it replaces
// operator new and aligned_alloc (which device memory on the CPU comes from).
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace poster::test {

inline constexpr std::int64_t kNever = INT64_MAX;
// Allocations that still succeed; the next one fails, and those after it succeed again.
inline std::atomic<std::int64_t> allocations_left{kNever};

inline bool allocation_fails() {
  std::int64_t left = allocations_left;
  while (left != kNever) {
    if (allocations_left.compare_exchange_weak(left, left == 0 ? kNever : left - 1)) return left == 0;
  }
  return false;
}

}  // namespace poster::test

// Not inlined: a compiler that sees only one of the two inside warns of a mismatch.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  if (!poster::test::allocation_fails())
    if (void* memory = std::malloc(bytes > 0 ? bytes : 1)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

extern "C" void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  void* memory = nullptr;
  if (poster::test::allocation_fails() || posix_memalign(&memory, alignment, bytes) != 0) return nullptr;
  return memory;
}
