#include "tests/support/device_backend.h"

#include <cstdlib>
#include <vector>

#include "tests/cuda_simulator/device_faults.h"
#include "tests/cuda_simulator/order.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace poster::test {
namespace {

const std::vector<cuda_simulator::Order>& orders() {
  using Kind = cuda_simulator::Order::Kind;
  static const std::vector<cuda_simulator::Order> all = {
      {Kind::forward}, {Kind::reverse}, {Kind::odd_warps_first}, {Kind::shuffle, 1}, {Kind::shuffle, 2}};
  return all;
}

// Kernels find NaN in scratch memory that they have not written.
[[maybe_unused]] const int poison_scratch = setenv("POSTER_CUDA_POISON", "1", 1);

}  // namespace

int order_count() { return static_cast<int>(orders().size()); }
void choose_order(int order) { cuda_simulator::set_order(orders()[order]); }
std::string order_name(int order) { return cuda_simulator::name(orders()[order]); }

std::int64_t pageable_copies() { return cuda_simulator::pageable_copies(); }

#if defined(__SANITIZE_ADDRESS__)
void fence(void* memory, std::size_t bytes) { ASAN_POISON_MEMORY_REGION(memory, bytes); }
void unfence(void* memory, std::size_t bytes) { ASAN_UNPOISON_MEMORY_REGION(memory, bytes); }
#else
void fence(void*, std::size_t) {}
void unfence(void*, std::size_t) {}
#endif

}  // namespace poster::test
