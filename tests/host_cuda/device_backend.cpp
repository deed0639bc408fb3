#include "tests/support/device_backend.h"

#include <cstdlib>
#include <vector>

#include "tests/host_cuda/order.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace poster::test {
namespace {

const std::vector<host_cuda::Order>& orders() {
  using Kind = host_cuda::Order::Kind;
  static const std::vector<host_cuda::Order> all = {
      {Kind::forward}, {Kind::reverse}, {Kind::odd_warps_first}, {Kind::shuffle, 1}, {Kind::shuffle, 2}};
  return all;
}

// Kernels find NaN in scratch memory that they have not written.
[[maybe_unused]] const int poison_scratch = setenv("POSTER_CUDA_POISON", "1", 1);

}  // namespace

int order_count() { return static_cast<int>(orders().size()); }
void choose_order(int order) { host_cuda::set_order(orders()[order]); }
std::string order_name(int order) { return host_cuda::name(orders()[order]); }

#if defined(__SANITIZE_ADDRESS__)
void fence(void* memory, std::size_t bytes) { ASAN_POISON_MEMORY_REGION(memory, bytes); }
void unfence(void* memory, std::size_t bytes) { ASAN_UNPOISON_MEMORY_REGION(memory, bytes); }
#else
void fence(void*, std::size_t) {}
void unfence(void*, std::size_t) {}
#endif

}  // namespace poster::test
