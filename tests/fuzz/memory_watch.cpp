#include "tests/fuzz/memory_watch.h"

#include <sanitizer/allocator_interface.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace poster::fuzz {
namespace {

// Every value that a byte of a pickle makes costs some ten times as much in memory, up to a bound; and a
// tensor of up to 1 MiB may be copied whatever the file's size.
constexpr std::size_t kConstant = std::size_t{3} << 20;

bool is_watching = false;
long long current, highest;

void on_allocate(const volatile void*, std::size_t size) {
  if (!is_watching) return;
  current += static_cast<long long>(size);
  highest = std::max(highest, current);
}

void on_free(const volatile void* memory) {
  if (!is_watching || memory == nullptr) return;
  current -= static_cast<long long>(__sanitizer_get_allocated_size(const_cast<const void*>(memory)));
}

}  // namespace

MemoryWatch::MemoryWatch(std::size_t input_size) : allowed_(2 * input_size + kConstant) {
  static const int installed = __sanitizer_install_malloc_and_free_hooks(on_allocate, on_free);
  if (installed == 0) std::abort();
  current = highest = 0;
  is_watching = true;
}

MemoryWatch::~MemoryWatch() {
  is_watching = false;
  if (highest <= static_cast<long long>(allowed_)) return;
  std::fprintf(stderr, "took %lld bytes where %zu are allowed\n", highest, allowed_);
  std::abort();
}

}  // namespace poster::fuzz
